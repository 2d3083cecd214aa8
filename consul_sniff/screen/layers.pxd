# Types of layers.py, for the compiler.
cimport cython
from .words cimport Window

@cython.final
cdef class Layers:
    cdef Window win
    cdef public unsigned long long[::1] trail
    cdef public Py_ssize_t p, stop, end, depth, cut
    cdef public Py_ssize_t family, proto, ident, offset, more, etype
    cdef public unsigned long long s0, s1, d0, d1
    cpdef Py_ssize_t walk(self, Py_ssize_t step) except -99 nogil
    cpdef inner(self, object key, object trail, Py_ssize_t size, Py_ssize_t wire)
    cpdef Py_ssize_t link(self, Py_ssize_t kind) except -99 nogil
    cdef Py_ssize_t short(self) except -99 nogil
    cdef Py_ssize_t nibble(self) except -99 nogil
    cdef Py_ssize_t deeper(self, Py_ssize_t kind, Py_ssize_t ident, Py_ssize_t step) except -99 nogil
    cdef Py_ssize_t ethernet(self) except -99 nogil
    cdef Py_ssize_t ethertype(self) except -99 nogil
    cdef Py_ssize_t pppoe(self) except -99 nogil
    cdef Py_ssize_t ppp(self) except -99 nogil
    cdef Py_ssize_t mpls(self) except -99 nogil
    cdef Py_ssize_t ip4(self) except -99 nogil
    cdef Py_ssize_t ip6(self) except -99 nogil
    cdef Py_ssize_t transport(self) except -99 nogil
    cdef Py_ssize_t authentication(self) except -99 nogil
    cdef Py_ssize_t udp(self) except -99 nogil
    cdef Py_ssize_t carried(self, Py_ssize_t kind) except -99 nogil
    cdef Py_ssize_t gre(self) except -99 nogil
