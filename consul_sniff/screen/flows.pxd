# Types of flows.py, for the compiler. Screen inherits from Flows: what every packet reads stands in it, too.
cimport cython
from .conversations cimport Conversations
from .handover cimport HandOver
from .others cimport Others
from .streams cimport Streams
from .table cimport Table
from .tallies cimport Tallies

cdef class Flows:
    cdef Table tab
    cdef HandOver outlet
    cdef Others others
    cdef Streams tcps
    cdef readonly Conversations talks
    cdef readonly Tallies tallies
    cdef set fetched
    cdef dict unheard
    cdef Py_ssize_t everything, input, closing, endings, time
    cdef list over
    cdef dict ended_flows
    cdef dict tunnels
    cdef restart(self, Py_ssize_t input_index)
    cdef end(self, Py_ssize_t r)
    cdef forget(self, Py_ssize_t r)
    cdef framed(self, Py_ssize_t d, Py_ssize_t framing)
    cdef folded(self, Py_ssize_t r, bint counted)
    cdef Py_ssize_t added(self, Py_ssize_t r) except -9
    cdef Py_ssize_t silent(self, Py_ssize_t r) except -9
    cdef Py_ssize_t elsewhere(self, unsigned long long number) except -9
    cdef tally(self, Conversations talks, Py_ssize_t r, str tunnel, Py_ssize_t side)
