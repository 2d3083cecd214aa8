# Types of conversations.py, for the compiler.
cimport cython
from ..rows cimport More, Talk
from .table cimport Table

cdef unsigned long long earlier(unsigned long long a, unsigned long long b) noexcept nogil

@cython.final
cdef class Conversations:
    cdef Table tab
    cdef Talk[::1] T
    cdef More[::1] M
    cdef unsigned int[::1] slots
    cdef unsigned char[::1] taken
    cdef unsigned char[::1] shared
    cdef unsigned char[::1] likely
    cdef readonly Py_ssize_t[::1] kept
    cdef Py_ssize_t[::1] most
    cdef readonly object rows, more
    cdef readonly dict tunnels
    cdef readonly Py_ssize_t used, folded, foreign, floods, last
    cdef Py_ssize_t mask, widest, guess, side, strange, spot
    cdef unsigned long long o0, o1, o2, o3, o4
    cdef Py_ssize_t quiet(self, Py_ssize_t r) except -9 nogil
    cdef Py_ssize_t simple(self, Py_ssize_t r) except -9 nogil
    cdef Py_ssize_t counted(self, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t attempt(self, Py_ssize_t r) except -9 nogil
    cdef Py_ssize_t foreign_to(self, Py_ssize_t r, Py_ssize_t second) except -9 nogil
    cdef Py_ssize_t source(self, Py_ssize_t r) except -9 nogil
    cdef Py_ssize_t name(self, unsigned long long k0, unsigned long long k1, unsigned long long k2,
                         unsigned long long k3, unsigned long long k4, Py_ssize_t second, Py_ssize_t share) except -9 nogil
    cdef Py_ssize_t seek(self) except -9 nogil
    cdef index(self, Py_ssize_t count)
    cdef Py_ssize_t use(self) except -9
    cdef Py_ssize_t enter(self, Py_ssize_t t) except -9 nogil
    cdef grow(self)
    cdef Py_ssize_t vacant(self, unsigned long long h) except -9 nogil
    cdef Py_ssize_t find(self, Py_ssize_t bound, Py_ssize_t share) except -9
    cdef Py_ssize_t place(self, Py_ssize_t share, Py_ssize_t attempt, Py_ssize_t strange) except -9
    cdef add(self, Py_ssize_t r, unsigned long long input_, str tunnel)
    cdef given(self, Py_ssize_t t)
    cdef Py_ssize_t spoke(self, Py_ssize_t r, unsigned long long input_, str tunnel, Py_ssize_t side,
                          Py_ssize_t strange) except -9
    cdef Py_ssize_t sum(self, Py_ssize_t r, unsigned long long input_, str tunnel, Py_ssize_t side,
                        Py_ssize_t attempt, Py_ssize_t strange) except -9
    cdef Py_ssize_t key(self, Conversations part, Py_ssize_t t) except -9 nogil
    cdef Py_ssize_t join(self, Conversations part, Py_ssize_t t) except -9
    cdef merge(self, Conversations part, Py_ssize_t t, Py_ssize_t into, str tunnel)
    cdef wrapped(self, Py_ssize_t t, str tunnel)
    cdef Py_ssize_t times(self, Py_ssize_t t, Py_ssize_t d, Py_ssize_t fresh) except -9 nogil
    cdef Py_ssize_t sums(self, Py_ssize_t t, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t answers(self, Py_ssize_t t, Py_ssize_t d) except -9 nogil
    cdef Py_ssize_t proof(self, Py_ssize_t t, Py_ssize_t second, unsigned long long place,
                          unsigned long long frame) except -9 nogil
