# Types of units.py, for the compiler. The struct holds the fields of units.HEARD, in that order.
cimport cython
from .digests cimport Digests
from .handover cimport HandOver
from .table cimport Table
from .words cimport Window, fetch, fold

ctypedef struct Heard:
    unsigned long long unit
    unsigned long long count
    unsigned long long first
    unsigned long long last
    unsigned long long frame1
    unsigned long long frame2
    unsigned long long frame3
    unsigned long long next

@cython.final
cdef class Units:
    cdef Window win
    cdef Table tab
    cdef HandOver outlet
    cdef readonly Digests digests
    cdef public object sleepers
    cdef unsigned long long[::1] known
    cdef readonly object rows_array
    cdef Heard[::1] H
    cdef readonly Py_ssize_t learnt
    cdef Py_ssize_t most
    cdef long long[::1] high, free, used
    cdef object memory
    cdef readonly Py_ssize_t waiting
    cdef readonly dict parts
    cdef object scratch
    cpdef restart(self)
    cpdef rest(self)
    cpdef release(self, Py_ssize_t s)
    cpdef forget(self)
    cpdef learn(self, unsigned long long digest, unsigned long long number)
    cpdef number_of(self, unsigned long long digest)
    cdef Py_ssize_t place(self, unsigned long long h) except -9 nogil
    cdef Py_ssize_t count(self, Py_ssize_t d, unsigned long long h, Py_ssize_t time, Py_ssize_t frame) except -9 nogil
    cdef Py_ssize_t add(self, Py_ssize_t d, unsigned long long number, Py_ssize_t time, Py_ssize_t frame, Py_ssize_t most) except -9 nogil
    cdef Py_ssize_t fetch(self, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t share(self, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t crowded(self, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t proves(self, Py_ssize_t r, unsigned long long frame) except -9 nogil
    cdef Py_ssize_t row(self, Py_ssize_t s) except -9 nogil
    cpdef list heard(self, Py_ssize_t d)
    cpdef Py_ssize_t drop(self, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t take(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef Py_ssize_t leave(self, Py_ssize_t d, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef list parted(self, Py_ssize_t d)
    cdef Py_ssize_t part(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef unsigned long long whole(self, bytes body) except? 9
    cdef together(self, Py_ssize_t d, bytes body, unsigned long long h)
    cpdef Py_ssize_t room(self, Py_ssize_t d, Py_ssize_t more) except -9
    cdef hand(self, Py_ssize_t d, bytes data, Py_ssize_t time, Py_ssize_t frame, unsigned long long unit)
    cdef bytes header(self, Py_ssize_t d)
    cdef Py_ssize_t frame(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame) except -9
