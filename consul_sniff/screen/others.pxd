# Types of others.py, for the compiler. The struct holds the fields of others.COURSE, in that order.
cimport cython
from .heads cimport Heads
from .hellos cimport Hellos
from .names cimport Names
from .table cimport Table
from .units cimport Units
from .words cimport Window

ctypedef struct Course:
    unsigned long long number
    unsigned int course
    unsigned int bits
    long long left0
    long long left1
    long long over0
    long long over1
    unsigned long long session
    unsigned int state0
    unsigned int state1

@cython.final
cdef class Others:
    cdef Window win
    cdef Table tab
    cdef object outlet
    cdef Hellos hellos
    cdef Heads heads
    cdef Names names
    cdef Course[::1] C
    cdef object courses
    cdef Py_ssize_t never, off, time, frame
    cdef Units units
    cdef object sayings
    cdef dict numbers
    cdef readonly Py_ssize_t bytes
    cdef readonly dict standings
    cdef dict held
    cpdef restart(self)
    cpdef rest(self)
    cdef Py_ssize_t course(self, Py_ssize_t r) except -9
    cdef Py_ssize_t take(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t whole, Py_ssize_t time,
                         Py_ssize_t frame) except -9
    cdef Py_ssize_t what(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t tell(self, Py_ssize_t d, object what) except -9
    cpdef unlearn(self)
    cpdef begin(self, Units units, object sayings)
    cdef leave(self, Py_ssize_t r)
    cdef Py_ssize_t left(self, Py_ssize_t r) except -9
    cpdef end(self, Py_ssize_t r)
    cpdef forget(self, Py_ssize_t r)
    cpdef close(self)
    cdef Py_ssize_t hold(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t tls(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t past(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t kind) except -9
    cdef Py_ssize_t version(self, Py_ssize_t r) except -9
    cdef Py_ssize_t handshake(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t message(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t kind, Py_ssize_t p, Py_ssize_t end,
                            Py_ssize_t stop) except -9
    cdef Py_ssize_t hello(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t http(self, Py_ssize_t r, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t asks(self, Py_ssize_t r, Py_ssize_t s, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t answers(self, Py_ssize_t r, Py_ssize_t s, Py_ssize_t p, Py_ssize_t stop) except -9
    cdef Py_ssize_t datagram(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time, Py_ssize_t frame) except -9
