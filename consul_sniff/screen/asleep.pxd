# Types of asleep.py, for the compiler.
cimport cython
from .handover cimport HandOver
from .table cimport Table
from .units cimport Units
from .words cimport Window, mix

@cython.final
cdef class Asleep:
    cdef object __weakref__
    cdef Window win
    cdef Table tab
    cdef HandOver outlet
    cdef Units units
    cdef public bint off
    cdef public dict steps
    cdef readonly dict kept
    cdef readonly Py_ssize_t bytes, count
    cpdef leads(self, unsigned long long chain, object step)
    cpdef forget(self)
    cpdef restart(self)
    cdef unsigned long long take(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame,
                                 Py_ssize_t start) except? 9
    cdef known(self, Py_ssize_t d, object step, object piece)
    cpdef wake(self, Py_ssize_t a, Py_ssize_t alone)
    cpdef list drop(self, Py_ssize_t r)
