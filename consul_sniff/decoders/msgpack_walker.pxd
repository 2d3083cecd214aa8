# Types of msgpack_walker.py, for the compiler.
cimport cython

cdef bytes _WIDTHS

@cython.final
cdef class Container:
    cdef Py_ssize_t left
    cdef bint is_map, at_key
    cdef bytes key

cdef class Walker:
    cdef public bint done
    cdef list _stack
    cdef bytes _head
    cdef Py_ssize_t _raw
    cdef bytearray _keeping
    cpdef reset(self)
    @cython.locals(stop=Py_ssize_t)
    cpdef Py_ssize_t walk(self, bytes data, Py_ssize_t at) except -9
    @cython.locals(first=Py_ssize_t, width=Py_ssize_t, wanted=Py_ssize_t, head=bytes)
    cdef Py_ssize_t _token(self, bytes data, Py_ssize_t at) except -9
    cdef Py_ssize_t _short(self, bytes data, Py_ssize_t at, Py_ssize_t first) except -9
    cdef Container _top(self)
    @cython.locals(top=Container)
    cdef _scalar(self, object value)
    @cython.locals(top=Container, depth=Py_ssize_t)
    cdef _open(self, Py_ssize_t items, bint is_map)
    @cython.locals(top=Container)
    cdef Py_ssize_t _begin_string(self, bytes data, Py_ssize_t at, Py_ssize_t length) except -9
    @cython.locals(top=Container, piece=bytes)
    cdef Py_ssize_t _string(self, bytes data, Py_ssize_t at, bint first) except -9
    @cython.locals(top=Container)
    cdef _text(self, bytes piece, bint first)
    @cython.locals(top=Container)
    cdef _ended(self)
    cdef _close(self)
