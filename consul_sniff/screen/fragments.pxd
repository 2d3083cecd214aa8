# Types of fragments.py, for the compiler.
cimport cython
from .pieces cimport Pieces
from .words cimport Window

@cython.final
cdef class Datagram:
    cdef unsigned long long digest
    cdef readonly object key, trail
    cdef readonly Py_ssize_t began, size, first, packets, wire, time, frame, held, covered

@cython.final
cdef class Fragments:
    cdef object notes
    cdef readonly object waiting
    cdef public list done
    cdef Pieces pieces
    cdef readonly Py_ssize_t held
    cdef Py_ssize_t oldest
    cdef note(self, str name, Py_ssize_t times=*)
    cpdef Datagram begin(self, unsigned long long digest, object key, object trail, Py_ssize_t time)
    cpdef Py_ssize_t possible(self, Py_ssize_t start, Py_ssize_t end) except -9
    cpdef add(self, Datagram it, Py_ssize_t start, Py_ssize_t end, bytes data, Py_ssize_t more, Py_ssize_t time, Py_ssize_t frame, Py_ssize_t wire)
    cdef insert(self, Datagram it, Py_ssize_t start, Py_ssize_t end, bytes data, Py_ssize_t time, Py_ssize_t frame)
    cdef Py_ssize_t whole(self, Datagram it) except -9
    cdef Datagram eldest(self)
    cdef finish(self, Datagram it)
    cpdef expire(self, Py_ssize_t time)
    cpdef close(self)
    cpdef Py_ssize_t lay(self, Datagram it, Window window) except -9
