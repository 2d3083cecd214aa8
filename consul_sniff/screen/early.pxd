# Types of early.py, for the compiler.
cimport cython

@cython.final
cdef class Early:
    cdef object notes
    cdef Py_ssize_t rows, budget
    cdef readonly dict sides, sizes, shares
    cpdef insert(self, Py_ssize_t side, object new)
    cpdef count(self, Py_ssize_t side, Py_ssize_t size)
    cpdef bint full(self, Py_ssize_t side) except -9
    cpdef object pop(self, Py_ssize_t side)
