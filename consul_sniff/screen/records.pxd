# Types of records.py, for the compiler.
cimport cython
from .words cimport Window

@cython.final
cdef class Records:
    cdef Window win
    cdef object dialect
    cdef Py_ssize_t stop, big, ng, count, scale
    cdef readonly Py_ssize_t at, p, size, wire, time, face
    cdef Py_ssize_t[::1] links
    cdef Py_ssize_t[::1] offsets
    cdef Py_ssize_t[::1] snaps
    cdef unsigned long long[::1] units
    cpdef begin(self, object block)
    cpdef Py_ssize_t step(self) except -9 nogil
    cdef Py_ssize_t number(self, Py_ssize_t p) except -9 nogil
    cdef unsigned long long swapped(self, Py_ssize_t p) noexcept nogil
    cdef Py_ssize_t record(self) except -9 nogil
    cdef Py_ssize_t block(self) except -9 nogil
    cdef Py_ssize_t stamp(self, unsigned long long ticks, Py_ssize_t face) except -9 nogil
