# Types of screen.py, for the compiler.
cimport cython
from .ahead cimport Ahead
from .flows cimport Flows
from .fragments cimport Datagram, Fragments
from .gossip cimport Gossip
from .layers cimport Layers
from .others cimport Others
from .conversations cimport Conversations
from .records cimport Records
from .repeats cimport Repeats
from .handover cimport HandOver
from .streams cimport Streams
from .table cimport Table, share_of
from .words cimport Seen, Window, mix

@cython.final
cdef class Screen(Flows):
    cdef Window win
    cdef Records rec
    cdef Layers lay
    cdef Gossip gos
    cdef Repeats rep
    cdef Fragments frags
    cdef Ahead ahead
    cdef object whole
    cdef object accept
    cdef readonly object notes
    cdef readonly set link_types
    cdef readonly set unsupported
    cdef readonly bint idle
    cdef readonly Py_ssize_t packets, bytes, first, last, cut_packets
    cdef Py_ssize_t sealed, since, until, tick, evicted, last_link
    cdef Py_ssize_t weight, weight_bytes, own, lead, share
    cdef unsigned long long k0, k1, k2, k3, k4
    cdef Py_ssize_t flip, row
    cdef Py_ssize_t[::1] terminals
    cdef Py_ssize_t crowded(self) except -9
    cdef Py_ssize_t run(self) except -9
    cdef Py_ssize_t sort(self, Py_ssize_t p, Py_ssize_t size, Py_ssize_t wire, Py_ssize_t face) except -9
    cdef Py_ssize_t locate(self, unsigned long long sp, unsigned long long dp) except -9
    cdef Py_ssize_t side(self, Py_ssize_t syn) except -9
    cdef Py_ssize_t insert(self) except -9
    cdef Py_ssize_t tcp(self) except -9
    cdef Py_ssize_t udp(self) except -9
    cdef Py_ssize_t overhear(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size, unsigned long long body) except -9
    cdef Py_ssize_t datagram(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size,
                             Py_ssize_t gossip, unsigned long long body) except -9
    cdef said(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t size, Py_ssize_t kind)
    cdef Py_ssize_t plain(self, Py_ssize_t d) except -9
    cdef Py_ssize_t fragment(self) except -9
    cdef reassembled(self)
    cdef again(self, Datagram it)
