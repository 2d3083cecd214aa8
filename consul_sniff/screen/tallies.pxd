# Types of tallies.py, for the compiler.
cimport cython
from .conversations cimport Conversations
from .sums cimport Sums
from .units cimport Units

@cython.final
cdef class Tallies:
    cdef Units units
    cdef readonly object sayings
    cdef readonly Sums said, apart
    cdef list kept
    cdef set refused
    cdef Conversations talks
    cdef object named
    cdef list known
    cdef bytearray tells
    cdef long long[::1] taken
    cdef Py_ssize_t row, share, input, limit, strange, strangers, most, missed, foreign
    cpdef listens(self, object sayings)
    cdef object unit(self, Py_ssize_t h)
    cdef Py_ssize_t telling(self, Py_ssize_t d) except -9
    cpdef begin(self, Conversations talks, Py_ssize_t t, Py_ssize_t share, Py_ssize_t input_, Py_ssize_t strange)
    cpdef heard(self, Py_ssize_t d, Py_ssize_t side)
    cdef Py_ssize_t add(self, Py_ssize_t side, Py_ssize_t place, Py_ssize_t h, Py_ssize_t word, unsigned long long times) except -9
    cdef Py_ssize_t sum(self, Sums sums, Py_ssize_t at, Py_ssize_t h, Py_ssize_t word, unsigned long long times) except -9
    cdef Py_ssize_t place(self, Py_ssize_t side, Py_ssize_t place) except -9
    cpdef Py_ssize_t holds(self, Py_ssize_t t, Py_ssize_t side, Py_ssize_t place) except -9
    cdef Py_ssize_t more(self, unsigned long long key, Py_ssize_t side, Py_ssize_t place) except -9
    cdef Py_ssize_t aside(self, unsigned long long key, Py_ssize_t side, Py_ssize_t place) except -9
    cdef name(self)
    cpdef tell(self)
