# Types of strangers.py, for the compiler.
cimport cython
from ..rows cimport More, Sum, Talk

ctypedef unsigned long long u64
ctypedef unsigned int u32
ctypedef unsigned char uchar

cdef u64 PORT, FAMILY, IPV4, OTHER, LOW, TCP, UDP, SECOND

cdef _text(u64 word)

@cython.final
cdef class Strangers:
    cdef readonly object rows
    cdef Talk[::1] T
    cdef More[::1] M
    cdef Sum[::1] S
    cdef unsigned int[::1] heads
    cdef Py_ssize_t count
    cdef readonly list near, far
    cdef dict _bits, _manners, _shapes, _words
    cdef object _form
    cdef object _ends
    cdef uchar[::1] E
    @cython.locals(t=Py_ssize_t, port=Py_ssize_t, own=Py_ssize_t, near=(uchar[::1]), wanted=(uchar[::1]),
                   by_key=(uchar[::1]), by_port=(uchar[::1]))
    cdef _part(self, facts, book, domain)
    @cython.locals(i=Py_ssize_t, found=bytearray, tells=bytearray)
    cdef bytearray _telling(self, domain)
    cdef tuple _key(self, Py_ssize_t t)
    @cython.locals(k1=u64)
    cdef tuple _responder(self, Py_ssize_t t)
    cdef _grade(self, Py_ssize_t t)
    @cython.locals(number=u32, word=u64)
    cpdef shape(self, Py_ssize_t t)
    cdef _manner(self, u64 word)
    cpdef row(self, Py_ssize_t t)
    @cython.locals(first=u64, last=u64, around=tuple)
    cpdef written(self, Py_ssize_t t, form)
    cdef _between(self, shape, form)
    @cython.locals(k1=u64, own=u64, source=u64, destination=u64, port=u64, protocol=u64)
    cdef tuple _who(self, Py_ssize_t t)
    cdef _socket(self, Py_ssize_t at, u64 word, Py_ssize_t port_at, u64 port)
    @cython.locals(k0=u64, k1=u64)
    cpdef order(self, Py_ssize_t t)
