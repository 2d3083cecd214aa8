# Types of names.py, for the compiler.
cimport cython
from .words cimport Window

@cython.final
cdef class Names:
    cdef Window win
    cdef readonly Py_ssize_t question, question_stop, type, flags, answers
    cdef Py_ssize_t base
    cpdef Py_ssize_t message(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t name(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
