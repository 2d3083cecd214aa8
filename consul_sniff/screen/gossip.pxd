# Types of gossip.py, for the compiler.
cimport cython
from .words cimport Seen, Window, mix

@cython.final
cdef class Gossip:
    cdef Window win
    cdef Window out
    cdef Seen seen
    cdef unsigned long long[::1] words
    cdef Py_ssize_t[::1] sizes
    cdef unsigned long long[::1] types
    cdef Py_ssize_t count
    cdef Py_ssize_t[::1] lengths
    cdef Py_ssize_t[::1] starts
    cdef unsigned long long seq_word, buf_word
    cdef public unsigned long long salt
    cdef unsigned long long[::1] fresh
    cdef unsigned long long[::1] packs
    cdef unsigned long long[::1] wholes
    cdef Py_ssize_t tail, fresh_count, pack_count
    cdef readonly Py_ssize_t news, crc, nonce, sequence
    cpdef Py_ssize_t may(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t datagram(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size, unsigned long long body) except -9 nogil
    cdef Py_ssize_t met(self, unsigned long long whole) except -9 nogil
    cdef Py_ssize_t note(self, unsigned long long h) except -9 nogil
    cdef Py_ssize_t learn(self, unsigned long long whole) except -9 nogil
    cdef Py_ssize_t beginning(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size) except -9 nogil
    cdef Py_ssize_t message(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t depth) except -9 nogil
    cdef Py_ssize_t compound(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t depth) except -9 nogil
    cdef Py_ssize_t compressed(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t depth) except -9 nogil
    cdef Py_ssize_t known(self, Py_ssize_t kind, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t value(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size, unsigned long long word) except -9 nogil
    cdef Py_ssize_t number(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t skip(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t unpack(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t depth) except -9 with gil
    cdef Py_ssize_t lzw(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t dns(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
