# Types of sums.py, for the compiler.
cimport cython
from ..rows cimport Sum
from .words cimport mix

@cython.final
cdef class Sums:
    cdef readonly object rows
    cdef Sum[::1] S
    cdef unsigned int[::1] slots
    cdef public object words
    cdef readonly Py_ssize_t used
    cdef Py_ssize_t most, mask
    cdef index(self, Py_ssize_t count)
    cdef grow(self)
    cdef Py_ssize_t slot(self, unsigned long long key) except -9 nogil
    cdef Py_ssize_t find(self, unsigned long long key) except -9 nogil
    cdef Py_ssize_t add(self, unsigned long long key) except -9
    cdef Py_ssize_t count(self, Py_ssize_t t, unsigned long long count, unsigned long long first, unsigned long long last) except -9 nogil
    cdef Py_ssize_t proof(self, Py_ssize_t t, unsigned long long frame, Py_ssize_t word) except -9
    cdef unsigned int lesser(self, unsigned int word, unsigned int other) except? 9
    cpdef clear(self)
