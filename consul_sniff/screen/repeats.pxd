# Types of repeats.py, for the compiler.
cimport cython
from .layers cimport Layers
from .table cimport Table
from .words cimport Recent, Sights, Window, mix

cdef inline unsigned long long place_of(unsigned long long source, unsigned long long destination, unsigned long long ident,
                                         unsigned long long head) noexcept nogil:
    return source ^ (destination << 31) ^ (destination >> 33) ^ (ident << 16) ^ head

@cython.final
cdef class Repeats:
    cdef Window win
    cdef Layers lay
    cdef Table tab
    cdef Sights packets
    cdef Sights common
    cdef Recent messages
    cdef unsigned long long salt, key, body, trace
    cdef dict suspects
    cdef public Py_ssize_t lost
    cpdef begin(self, unsigned long long salt)
    cdef Py_ssize_t twice(self, unsigned long long mask, Py_ssize_t rest, Py_ssize_t data, Py_ssize_t place,
                          Py_ssize_t time, Py_ssize_t share, Py_ssize_t whole) except -9 nogil
    cdef Py_ssize_t fetch(self, unsigned long long place, Py_ssize_t share) except -9 nogil
    cdef Py_ssize_t nonce(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t time,
                          Py_ssize_t frame) except -9 nogil
    cdef Py_ssize_t replayed(self, Py_ssize_t d, Py_ssize_t frame) except -9 nogil
    cdef ping(self, Py_ssize_t d, Py_ssize_t number, Py_ssize_t time, Py_ssize_t frame)
    cdef suspect(self, unsigned long long sender, unsigned long long flow, Py_ssize_t side, Py_ssize_t frame)
    cdef settle(self, unsigned long long sender, Py_ssize_t guilty)
