# Types of streams.py, for the compiler.
cimport cython
from .asleep cimport Asleep
from .early cimport Early
from .handover cimport HandOver
from .others cimport Others
from .table cimport Table
from .units cimport Units
from .words cimport Window

@cython.final
cdef class Streams:
    cdef Window win
    cdef Table tab
    cdef HandOver outlet
    cdef Others others
    cdef object notes
    cdef readonly Units units
    cdef readonly Asleep asleep
    cdef object scratch
    cdef readonly Early early
    cdef public bint eager
    cdef Py_ssize_t time
    cdef Py_ssize_t frame
    cpdef restart(self)
    cdef Py_ssize_t begins(self, Py_ssize_t d, Py_ssize_t sequence) except -9 nogil
    cdef Py_ssize_t segment(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t wire, Py_ssize_t sequence,
                            Py_ssize_t flags, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef wait(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t wire)
    cdef Py_ssize_t before(self, Py_ssize_t d, Py_ssize_t sequence, Py_ssize_t wire) except -9 nogil
    cdef release(self, Py_ssize_t d)
    cdef Py_ssize_t next(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t wire, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef Py_ssize_t first(self, Py_ssize_t d) except -9
    cdef flush(self, Py_ssize_t d)
    cdef Py_ssize_t framed(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t wire, Py_ssize_t time, Py_ssize_t frame) except -9
    cdef on(self, Py_ssize_t d, Py_ssize_t p, Py_ssize_t stop, Py_ssize_t wire, Py_ssize_t time, Py_ssize_t frame)
    cdef give_up(self, Py_ssize_t d)
    cdef acknowledged(self, Py_ssize_t d, Py_ssize_t number)
    cpdef finish(self, Py_ssize_t r)
    cpdef close(self)
