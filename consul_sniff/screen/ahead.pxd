# Types of ahead.py, for the compiler.
cimport cython
from .records cimport Records
from .repeats cimport Repeats, place_of
from .table cimport Table, share_of
from .units cimport Units
from .words cimport Window, big16, big32, load

@cython.final
cdef class Ahead:
    cdef Window win
    cdef Records rec
    cdef Table tab
    cdef Repeats rep
    cdef Units units
    cdef Py_ssize_t at, link, tcp, flip, side, own
    cdef readonly unsigned long long h
    cpdef begin(self)
    cdef Py_ssize_t look(self) except -9 nogil
    cpdef Py_ssize_t guess(self) except -9 nogil
    cdef Py_ssize_t four(self, unsigned char *q) except -9 nogil
    cdef Py_ssize_t six(self, unsigned char *q) except -9 nogil
