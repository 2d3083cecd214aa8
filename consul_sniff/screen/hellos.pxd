# Types of hellos.py, for the compiler.
cimport cython
from .words cimport Window

@cython.final
cdef class Hellos:
    cdef Window win
    cdef readonly Py_ssize_t version, suite, session_size, psk, name, name_stop, alpn, alpn_stop
    cdef readonly unsigned long long session
    cpdef Py_ssize_t client(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cpdef Py_ssize_t server(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t session_id(self, Py_ssize_t p, Py_ssize_t stop) except -9 nogil
    cdef Py_ssize_t extensions(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t server) except -9 nogil
    cdef Py_ssize_t host(self, Py_ssize_t p, Py_ssize_t n) except -9 nogil
    cdef Py_ssize_t chosen(self, Py_ssize_t p, Py_ssize_t n, Py_ssize_t server) except -9 nogil
