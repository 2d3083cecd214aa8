# Types of pieces.py, for the compiler. The struct holds the fields of pieces.PIECE, in that order.
cimport cython

ctypedef struct Piece:
    long long start
    long long end
    long long time
    long long frame
    unsigned int next
    unsigned int rest

@cython.final
cdef class Pieces:
    cdef Piece[::1] P
    cdef readonly object rows
    cdef readonly list data
    cdef Py_ssize_t high, free
    cdef readonly Py_ssize_t places, bytes, covered, overlaps, conflicts
    cpdef Py_ssize_t put(self, Py_ssize_t first, Py_ssize_t start, Py_ssize_t end, bytes data, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef Py_ssize_t new(self, bytes data) except -9
    cdef met(self, Py_ssize_t i, Py_ssize_t start, bytes data)
    cpdef Py_ssize_t drop(self, Py_ssize_t i) except -9
