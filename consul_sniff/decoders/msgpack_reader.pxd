# Types of msgpack_reader.py, for the compiler.
cimport cython

ctypedef const char* p_char

cdef Py_ssize_t _CONSTANT, _BYTES, _EXT, _FIXED, _NUMBER, _ARRAY, _MAP, _NEVER
cdef bytes _FORMS
cdef bytes _WIDTHS

@cython.locals(form=Py_ssize_t, width=Py_ssize_t, begin=Py_ssize_t, size=Py_ssize_t)
cdef (Py_ssize_t, Py_ssize_t, Py_ssize_t) _long(bytes data, Py_ssize_t at, Py_ssize_t stop, Py_ssize_t pending) except *
@cython.locals(value=Py_ssize_t, place=Py_ssize_t)
cdef Py_ssize_t _uint(bytes data, Py_ssize_t at, Py_ssize_t width) except -9
cdef bytes _bytes(object cursor)
@cython.locals(data=bytes, at=Py_ssize_t, stop=Py_ssize_t, pending=Py_ssize_t, first=Py_ssize_t, items=Py_ssize_t,
               form=Py_ssize_t, size=Py_ssize_t)
cpdef skip(object cursor, object budget)
@cython.locals(data=bytes, at=Py_ssize_t, stop=Py_ssize_t, pending=Py_ssize_t, first=Py_ssize_t, items=Py_ssize_t,
               form=Py_ssize_t, begin=Py_ssize_t, size=Py_ssize_t, is_map=bint, filled=list, opened=list)
cpdef unpack(object cursor, object budget)
cdef object _single(Py_ssize_t first)
@cython.locals(code=Py_ssize_t, raw=p_char)  # cut out as C does: a slice object costs as much as the bytes
cdef object _scalar(bytes data, Py_ssize_t first, Py_ssize_t form, Py_ssize_t begin, Py_ssize_t end)
@cython.locals(place=Py_ssize_t, pairs=dict)
cdef dict _pairs(list flat)
