# Types of digests.py, for the compiler.
cimport cython
from .words cimport Window, fold

@cython.final
cdef class Digests:
    cdef Window win
    cdef unsigned long long[::1] words
    cdef unsigned long long[::1] header_words
    cdef Py_ssize_t[::1] sizes
    cdef Py_ssize_t numbers
    cdef readonly Py_ssize_t end
    cdef unsigned long long some
    cdef unsigned long long raft(self, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t framing) except? 9 nogil
    cdef unsigned long long call(self, Py_ssize_t p, Py_ssize_t stop) except? 9 nogil
    cdef unsigned long long said(self, unsigned long long h, Py_ssize_t p, Py_ssize_t stop) except? 9 nogil
    cdef unsigned long long mixed(self, unsigned long long h, Py_ssize_t p, Py_ssize_t stop) except? 9 nogil
    cdef unsigned long long bit(self, unsigned long long x) noexcept nogil
    cdef Py_ssize_t number(self, Py_ssize_t p, Py_ssize_t n) except -9 nogil
