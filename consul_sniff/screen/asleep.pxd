# Types of asleep.py, for the compiler. The struct holds the fields of asleep.KEPT, in that order.
cimport cython
from .handover cimport HandOver
from .table cimport Table
from .units cimport Units
from .words cimport Window, mix

ctypedef struct Kept:
    unsigned long long chain
    unsigned long long time
    unsigned long long frame
    unsigned int before
    unsigned int bits

@cython.final
cdef class Asleep:
    cdef object __weakref__
    cdef Window win
    cdef Table tab
    cdef HandOver outlet
    cdef Units units
    cdef public bint off
    cdef public dict steps
    cdef readonly Py_ssize_t bytes, count
    cdef readonly object rows
    cdef Kept[::1] P
    cdef unsigned int[::1] last
    cdef dict early, new
    cdef set middles
    cdef readonly object sleeps
    cdef Py_ssize_t high, free
    cpdef leads(self, unsigned long long chain, object step)
    cpdef forget(self)
    cpdef restart(self)
    cpdef rest(self)
    cdef unsigned long long take(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame,
                                 Py_ssize_t start) except? 9
    cdef bint again(self, unsigned long long h) except -9
    cdef Py_ssize_t keep(self, Py_ssize_t d, unsigned long long chain, Py_ssize_t time, Py_ssize_t frame, Py_ssize_t start) except -9
    cdef list known(self, Py_ssize_t a, Py_ssize_t piece, object step)
    cpdef list learnt(self, Py_ssize_t a, Py_ssize_t place, object step)
    cpdef rouse(self, Py_ssize_t a)
    cpdef wake(self, Py_ssize_t a, Py_ssize_t alone)
    cpdef list pieces(self, Py_ssize_t r)
    cpdef list drop(self, Py_ssize_t r)
    cpdef forgotten(self, Py_ssize_t r)
