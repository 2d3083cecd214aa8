# Types of lzw.py, for the compiler.
cimport cython

ctypedef unsigned char uchar

cdef class Lzw:
    cdef object _budget
    cdef unsigned short[::1] _stems
    cdef unsigned short[::1] _lengths
    cdef uchar[::1] _tails
    cdef Py_ssize_t _known
    cdef Py_ssize_t _last
    cdef Py_ssize_t _first
    cdef Py_ssize_t _width
    cdef Py_ssize_t _held
    cdef Py_ssize_t _bits
    cdef readonly bint ended
    @cython.locals(allowed=Py_ssize_t, room=Py_ssize_t, at=Py_ssize_t, place=Py_ssize_t, held=Py_ssize_t, bits=Py_ssize_t,
                   width=Py_ssize_t, known=Py_ssize_t, last=Py_ssize_t, code=Py_ssize_t, size=Py_ssize_t, out=bytearray, view=(uchar[::1]))
    cpdef bytes feed(self, bytes piece)
    @cython.locals(end=Py_ssize_t, code=Py_ssize_t)
    cdef Py_ssize_t _spell(self, uchar[::1] out, Py_ssize_t end, Py_ssize_t code) except -9
