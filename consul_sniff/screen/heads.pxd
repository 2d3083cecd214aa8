# Types of heads.py, for the compiler.
cimport cython
from .words cimport Window

@cython.final
cdef class Heads:
    cdef Window win
    cdef unsigned long long[::1] methods, admin, telling, probes
    cdef Py_ssize_t[::1] method_sizes, admin_sizes, telling_sizes
    cdef Py_ssize_t method_count, admin_count, telling_count, probe_count
    cdef unsigned long long user_agent, content, length_word, transfer, chunks, http, v1
    cdef readonly Py_ssize_t method, status, chunked
    cdef public Py_ssize_t length
    cdef unsigned long long low(self, Py_ssize_t p, Py_ssize_t n) noexcept nogil
    cpdef Py_ssize_t request(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t target(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t response(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t headers(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t request) except -9 nogil
    cdef Py_ssize_t header(self, Py_ssize_t p, Py_ssize_t colon, Py_ssize_t stop, Py_ssize_t request) except -9 nogil
    cdef Py_ssize_t content_length(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t chunk(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t foreign(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
