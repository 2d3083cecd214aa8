# Types of early.py, for the compiler. The struct holds the fields of early.WAITING, in that order.
cimport cython
from .pieces cimport Pieces

ctypedef struct Waiting:
    unsigned int first
    unsigned int count
    unsigned long long bytes

@cython.final
cdef class Early:
    cdef object notes
    cdef Py_ssize_t rows, budget, count
    cdef Waiting[::1] W
    cdef readonly object waiting
    cdef Py_ssize_t[::1] shares
    cdef readonly Pieces pieces
    cpdef Py_ssize_t insert(self, Py_ssize_t d, Py_ssize_t start, Py_ssize_t end, bytes data, Py_ssize_t time, Py_ssize_t frame) except -9
    cpdef Py_ssize_t full(self, Py_ssize_t d) except -9
    cpdef Py_ssize_t drop(self, Py_ssize_t d) except -9
