# Types of fragments.py, for the compiler.
cimport cython

@cython.final
cdef class Datagram:
    cdef readonly object began, trail
    cdef readonly list pieces
    cdef public object time
    cdef public Py_ssize_t size, packets, wire, frame, held, covered

@cython.final
cdef class Fragments:
    cdef object notes
    cdef readonly object waiting
    cdef readonly Py_ssize_t held
    cdef note(self, str name)
    cdef insert(self, Datagram datagram, Py_ssize_t start, Py_ssize_t end, bytes data)
    cpdef list expire(self, Py_ssize_t time)
    cpdef list close(self)
