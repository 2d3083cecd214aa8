# Types of handover.py, for the compiler.
cimport cython
from .table cimport Table

@cython.final
cdef class HandOver:
    cdef Table tab
    cdef public list payloads
    cdef public Py_ssize_t bytes
    cdef hand(self, Py_ssize_t d, object data, Py_ssize_t time, Py_ssize_t frame, Py_ssize_t lost, Py_ssize_t start,
              unsigned long long unit, object sleeps)
    cdef list recall(self, Py_ssize_t a)
    cdef again(self, Py_ssize_t a, object payload)
