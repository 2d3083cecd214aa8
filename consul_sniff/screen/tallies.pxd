# Types of tallies.py, for the compiler. The struct holds the fields of tallies.SUM, in that order.
cimport cython
from .units cimport Units
from .words cimport mix

ctypedef struct Sum:
    unsigned long long key
    unsigned long long count
    unsigned long long first
    unsigned long long last
    unsigned long long frame1
    unsigned long long frame2
    unsigned long long frame3
    unsigned int word1
    unsigned int word2
    unsigned int word3
    unsigned int rest

@cython.final
cdef class Tallies:
    cdef Units units
    cdef public object sayings
    cdef readonly object rows
    cdef Sum[::1] S
    cdef unsigned int[::1] slots
    cdef list kept
    cdef set refused
    cdef readonly Py_ssize_t used
    cdef object conversation
    cdef Py_ssize_t row, share, input
    cpdef begin(self, Py_ssize_t t, object conversation, Py_ssize_t share, Py_ssize_t input_)
    cpdef heard(self, Py_ssize_t d, Py_ssize_t side)
    cdef Py_ssize_t place(self, Py_ssize_t side, Py_ssize_t place) except -9
    cdef Py_ssize_t slot(self, unsigned long long key) except -9 nogil
    cdef Py_ssize_t sum(self, Py_ssize_t t, unsigned long long count, unsigned long long first, unsigned long long last) except -9 nogil
    cdef Py_ssize_t proof(self, Py_ssize_t t, unsigned long long number, Py_ssize_t word) except -9
    cdef unsigned int lesser(self, unsigned int word, unsigned int other) except? 9
    cpdef tell(self)
