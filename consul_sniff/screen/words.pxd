# Types of words.py, for the compiler. nogil: an accidental Python object is then an error. Size: Py_ssize_t, 64 bits.
# What every packet needs often stands here with its body: calls from module to module are never inlined.
cimport cython
from libc.string cimport memcpy

cdef inline unsigned long long load(unsigned char *q) noexcept nogil:
    cdef unsigned long long x
    memcpy(&x, q, 8)
    return x

cdef inline unsigned long long big16(unsigned char *q) noexcept nogil:
    return (<unsigned int>q[0] << 8) | q[1]

cdef inline unsigned long long big32(unsigned char *q) noexcept nogil:
    return (<unsigned int>q[0] << 24) | (<unsigned int>q[1] << 16) | (<unsigned int>q[2] << 8) | q[3]

cdef inline unsigned long long big64(unsigned char *q) noexcept nogil:
    return (big32(q) << 32) | big32(q + 4)

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define consul_sniff_fetch(p) __builtin_prefetch(p)
    #else
    #define consul_sniff_fetch(p) ((void)(p))
    #endif
    """
    void fetch "consul_sniff_fetch"(void *p) noexcept nogil

cdef extern from *:
    """
    #if defined(__SIZEOF_INT128__)
    static CYTHON_INLINE unsigned long long consul_sniff_fold(unsigned long long a, unsigned long long b) {
        unsigned __int128 x = (unsigned __int128)a * b;
        return (unsigned long long)x ^ (unsigned long long)(x >> 64);
    }
    #else
    static CYTHON_INLINE unsigned long long consul_sniff_fold(unsigned long long a, unsigned long long b) {
        unsigned long long m = 0xFFFFFFFF, u = (a & m) * (b & m), v = (a >> 32) * (b & m) + (u >> 32), w = (a & m) * (b >> 32) + (v & m);
        return ((a >> 32) * (b >> 32) + (v >> 32) + (w >> 32)) ^ (a * b);
    }
    #endif
    """
    unsigned long long fold "consul_sniff_fold"(unsigned long long a, unsigned long long b) noexcept nogil

cdef inline unsigned long long mix(unsigned long long x) noexcept nogil:
    x ^= x >> 32
    x *= <unsigned long long>0x9E3779B97F4A7C15
    x ^= x >> 29
    x *= <unsigned long long>0xC2B2AE3D27D4EB4F
    return x ^ (x >> 32)

@cython.final
cdef class Window:
    cdef unsigned char[::1] b
    cdef unsigned int[::1] tables
    cdef unsigned long long seed, key
    cdef readonly object buffer
    cdef object empty
    cpdef look(self, object buffer)
    cpdef rest(self)
    cpdef bytes take(self, Py_ssize_t p, Py_ssize_t stop)
    cdef inline unsigned char *span(self, Py_ssize_t p, Py_ssize_t stop) except NULL nogil:
        # [p, stop) lies between two bytes that are checked; a negative place is a very large one
        cdef unsigned char _ = self.b[<size_t>(stop - 1)]
        return &self.b[<size_t>p]
    cdef inline Py_ssize_t lay(self, Py_ssize_t p, bytes data) except -9:
        cdef Py_ssize_t size = len(data)
        if size:
            memcpy(self.span(p, p + size), <unsigned char *>data, size)
        return p + size
    cdef inline unsigned long long word(self, Py_ssize_t p) noexcept nogil:
        return load(self.span(p, p + 8))
    cdef inline Py_ssize_t be16(self, Py_ssize_t p) except -9 nogil:
        return <Py_ssize_t>big16(self.span(p, p + 2))
    cdef inline Py_ssize_t be32(self, Py_ssize_t p) except -9 nogil:
        return <Py_ssize_t>big32(self.span(p, p + 4))
    cdef inline unsigned long long be64(self, Py_ssize_t p) noexcept nogil:
        return big64(self.span(p, p + 8))
    cpdef unsigned long long digest(self, Py_ssize_t p, Py_ssize_t stop, unsigned long long salt) noexcept nogil
    cpdef unsigned long long sample(self, Py_ssize_t p, Py_ssize_t stop, unsigned long long salt) noexcept nogil
    cpdef unsigned long long crc(self, Py_ssize_t p, Py_ssize_t stop) noexcept nogil

@cython.final
cdef class Seen:
    cdef unsigned long long[::1] slots
    cdef Py_ssize_t mask
    cdef readonly Py_ssize_t used, forgotten
    cpdef Py_ssize_t has(self, unsigned long long h) except -9 nogil
    cpdef Py_ssize_t novel(self, unsigned long long h) except -9 nogil

@cython.final
cdef class Recent:
    cdef unsigned long long[::1] cells
    cdef Py_ssize_t size, mask, young, spot
    cdef unsigned long long sought
    cdef readonly Py_ssize_t used
    cdef readonly unsigned long long time
    cdef readonly unsigned long long word
    cdef Py_ssize_t place(self, unsigned long long h, Py_ssize_t generation) except -9 nogil
    cpdef Py_ssize_t find(self, unsigned long long h) except -9 nogil
    cpdef Py_ssize_t put(self, unsigned long long h, unsigned long long time, unsigned long long word) except -9 nogil

@cython.final
cdef class Sights:
    cdef unsigned long long[::1] cells
    cdef Py_ssize_t mask
    cdef public Py_ssize_t share
    cdef Py_ssize_t fetch(self, unsigned long long place, Py_ssize_t share) except -9 nogil
    cpdef Py_ssize_t again(self, unsigned long long place, unsigned long long h, Py_ssize_t time, Py_ssize_t window) except -9 nogil
