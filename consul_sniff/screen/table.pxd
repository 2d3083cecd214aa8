# Types of table.py, for the compiler. The structs hold the fields of table.ROW and table.SIDE, in that order.
cimport cython
from .words cimport fetch, fold, mix

ctypedef struct Row:
    unsigned long long k0
    unsigned long long k1
    unsigned long long k2
    unsigned long long k3
    unsigned long long k4
    unsigned long long epoch
    unsigned long long number
    int opener
    unsigned int flip

ctypedef struct Side:
    unsigned long long packets
    unsigned long long bytes
    unsigned long long payloads
    unsigned long long last
    long long next
    unsigned long long pending
    unsigned int flags
    unsigned int held
    unsigned int enough
    unsigned int begun
    unsigned long long first
    unsigned long long first_frame
    unsigned long long lost
    long long isn
    unsigned long long plain
    unsigned long long sealed1
    unsigned long long other
    unsigned int heard
    unsigned int sleep

ctypedef struct Extra:
    unsigned long long sealed_frame
    unsigned long long plain1
    unsigned long long plain2
    unsigned long long plain3
    unsigned long long sealed0
    unsigned long long cut
    unsigned long long crc_good
    unsigned long long crc_bad
    unsigned long long replays
    unsigned long long replay_frame
    unsigned long long nonce_reuse
    unsigned long long nonce_frame
    unsigned int framing
    unsigned int handed
    unsigned long long head
    unsigned int half
    unsigned int size
    unsigned long long chain

cdef inline Py_ssize_t share_of(unsigned long long addresses, unsigned long long ports) noexcept nogil:
    return <Py_ssize_t>(mix(addresses ^ (ports << 40)) & 7)

ctypedef struct Share:
    long long high
    long long live
    long long free
    long long hand
    long long due
    long long epoch

@cython.final
cdef class Table:
    cdef Share[::1] S
    cdef readonly object state
    cdef Row[::1] F
    cdef Side[::1] D
    cdef Extra[::1] E
    cdef unsigned long long[::1] slots
    cdef Py_ssize_t[::1] free
    cdef readonly object rows_array
    cdef readonly object sides_array
    cdef readonly object extra_array
    cdef readonly object rows_bytes, sides_bytes, extra_bytes
    cdef readonly Py_ssize_t rows, shares, each
    cdef public Py_ssize_t share
    cdef readonly Py_ssize_t flip
    cdef Py_ssize_t mask
    cdef unsigned long long seed, key, serial
    cpdef rest(self)
    cpdef reset(self)
    cdef Py_ssize_t fetch_slot(self, unsigned long long h) except -9 nogil
    cdef Py_ssize_t fetch(self, unsigned long long h, Py_ssize_t flip, Py_ssize_t tcp) except -9 nogil
    cpdef unsigned long long hash(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4) noexcept nogil
    cdef Py_ssize_t idle(self, Py_ssize_t hand) except -9 nogil
    cdef Py_ssize_t bare(self, Py_ssize_t r) except -9 nogil
    cdef Py_ssize_t clear_all(self, Py_ssize_t d) except -9 nogil
    cpdef Py_ssize_t find(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4) except -9 nogil
    cpdef Py_ssize_t full(self) except -9 nogil
    cpdef Py_ssize_t insert(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4, Py_ssize_t flip=*) except -9 nogil
    cdef Py_ssize_t clear(self, Py_ssize_t d) except -9 nogil
    cpdef Py_ssize_t oldest(self) except -9 nogil
    cpdef Py_ssize_t remove(self, Py_ssize_t r) except -9 nogil
    cpdef Py_ssize_t taken(self, Py_ssize_t r) except -9 nogil
    cpdef Py_ssize_t row(self, unsigned long long number) except -9 nogil
