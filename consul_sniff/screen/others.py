"""What others say, followed here to its end: TLS until it is sealed, HTTP and DNS of nobody we know.

A flow is followed from its SYN on. What was said is counted like a message that is known by heart (``Units``), under the number
that ``decoders.sayings`` gives to what it hangs on, and nothing is handed on. Where anything is unusual the flow is left to the decoders: TLS from its first byte (it is held until both sides
are sealed), HTTP from where it stands (``standings``).
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from .. import limits, told
from ..model import Payload, Standing

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .heads import METHODS, Heads
from .hellos import Hellos
from .names import Names
from .table import KINDS, Table
from .units import Units
from .words import Window, released, zeros

if TYPE_CHECKING:
    from .handover import HandOver

# courses
KINDS_HEARD = cython.declare(i64, limits.UNITS_SIDE)
NEW = cython.declare(i64, 0)
LEFT = cython.declare(i64, 1)  # to the decoders
TLS = cython.declare(i64, 2)
HTTP = cython.declare(i64, 3)
DONE = cython.declare(i64, 4)
DNS = cython.declare(i64, 5)
GONE = cython.declare(i64, 6)  # left to the decoders in the middle

# what is known of a TLS flow, as bits; the first two count for a side each
PAST = cython.declare(i64, 1)  # and 2: side 1
HELLO = cython.declare(i64, 4)  # and 8
CERTIFIED = cython.declare(i64, 16)
REQUESTED = cython.declare(i64, 32)
FLIGHT = cython.declare(i64, 64)

HEAD = cython.declare(i64, 2)  # of METHODS, from 1 on
# what comes next on a side of HTTP, as model.Standing names it
MESSAGE = cython.declare(i64, 0)  # a head, or the rest of a body
SIZE = cython.declare(i64, 1)
CHUNK = cython.declare(i64, 2)
CHUNK_END = cython.declare(i64, 3)
TRAILERS = cython.declare(i64, 4)
UNTIL_END = cython.declare(i64, 5)
STATES = ("message", "size", "chunk", "chunk-end", "trailers", "until-end")
CHUNKS = cython.declare(i64, -2)  # stands for a length

CHANGE_CIPHER_SPEC = cython.declare(i64, 20)
HANDSHAKE = cython.declare(i64, 22)
APPLICATION_DATA = cython.declare(i64, 23)
RECORD = cython.declare(i64, 18_432)  # decoders.tls_records.LENGTH
#: session ticket, server key exchange, certificate verify, client key exchange, ... (decoders.tls_handshake), as bits
SKIPPED = cython.declare(u64, 1 << 4 | 1 << 12 | 1 << 15 | 1 << 16 | 1 << 21 | 1 << 22 | 1 << 23)
CERTIFICATE = cython.declare(i64, limits.STREAM_BUFFER)  # bytes
DATAGRAMS = cython.declare(i64, limits.DATAGRAMS_DECODED)
HELD_PAYLOADS = cython.declare(i64, 64)  # of a flow
HELD = cython.declare(i64, limits.OPENINGS)

# The same fields in the same order stand in others.pxd.
COURSE = (("number", 8), ("course", 4), ("bits", 4), ("left0", -8), ("left1", -8), ("over0", -8), ("over1", -8), ("session", 8),
          ("state0", 4), ("state1", 4))
_new = tuple.__new__
_hello = told.HELLO.pack


class CourseRecord(ctypes.Structure):
    """Of a flow: its number; ``left``: bytes of the record or body that each side is in (DNS: datagrams told); ``over``: bytes
    of the handshake message that is passed over (HTTP: bytes taken); bits: see above (HTTP: the method that waits for its
    answer); session: a digest of the client's session id (then the version);
    ``state``: what of an HTTP body comes next."""

    _fields_ = [(name, KINDS[size]) for name, size in COURSE]


class Others:
    """``take`` what comes next of a side. All is left to the decoders until somebody gives numbers to what was said (``begin``)."""

    def __init__(self, window: Window, table: Table, outlet: HandOver, *, off: bool = False) -> None:
        self.win = window
        self.tab = table
        self.outlet = outlet
        self.never = 1 if off else 0
        self.off = 1
        self.hellos = Hellos(window)
        self.heads = Heads(window)
        self.names = Names(window)
        self.sayings: Any = None  # a tallies.Sayings
        self.numbers: dict[Any, int] = {}  # of what was said
        self.courses = zeros(ctypes.sizeof(CourseRecord) * table.rows)
        self.C = (CourseRecord * table.rows).from_buffer(self.courses)
        self.time = self.frame = 0
        self.restart()

    def begin(self, units: Units, sayings: Any) -> None:
        """Count with these units, under numbers that ``sayings`` gives."""
        self.units = units
        self.sayings = sayings
        self.off = self.never

    def restart(self) -> None:
        """No flow is live any more."""
        self.standings: dict[int, Standing] = {}
        self.held: dict[int, list[Payload]] = {}
        self.bytes = 0  # held

    def rest(self) -> None:
        """No packet comes any more: let go of the memory."""
        self.numbers = {}
        self.C = (CourseRecord * 1)()
        self.courses = memoryview(b"")

    def release(self, s: i64) -> None:
        """Let go of the memory of a share's flows, which are over."""
        released(self.courses, s, self.tab.shares)

    def course(self, r: i64) -> i64:
        if self.C[r].number != self.tab.F[r].number:
            self.C[r].number = self.tab.F[r].number
            self.C[r].course = NEW
            self.C[r].bits = 0
            self.C[r].left0 = self.C[r].left1 = self.C[r].over0 = self.C[r].over1 = 0
            self.C[r].state0 = self.C[r].state1 = 0
        return self.C[r].course

    def take(self, d: i64, p: i64, stop: i64, whole: i64, time: i64, frame: i64) -> i64:
        """The next bytes of side ``d``, [p, stop); ``whole``: no byte is missing in them or before them. Where what is to be
        handed on begins."""
        r: i64 = d >> 1
        course: i64
        if self.off:
            return p
        course = self.course(r)
        if course in (LEFT, GONE):
            return p
        self.time = time
        self.frame = frame
        if course == NEW:
            course = self.C[r].course = self.what(d, p, stop)
        if course == DONE:
            return stop
        if course == LEFT:
            return p
        if not whole:
            self.leave(r)
            return p
        if course == TLS:
            if not self.tls(r, d, p, stop) or not self.hold(r, d, p, stop):
                self.leave(r)
                return p
            return stop
        p = self.http(r, d, p, stop)
        if p < stop:
            self.leave(r)
        return p

    def what(self, d: i64, p: i64, stop: i64) -> i64:
        """The course of a flow whose first bytes are [p, stop)."""
        if not (self.tab.D[d].begun and self.tab.D[d ^ 1].begun) or self.tab.F[d >> 1].opener != d & 1:
            return LEFT
        if self.win.b[p] == HANDSHAKE:
            return TLS
        if self.heads.foreign(p, stop):
            self.tab.D[d].enough = self.tab.D[d ^ 1].enough = 1
            return DONE
        return HTTP if self.heads.request(p, stop) else LEFT

    def tell(self, d: i64, what: Any) -> i64:
        """A side says it (see ``told``), in the packet at hand. 0: there is no room to count it."""
        number = self.numbers.get(what)
        if number is None:
            number = self.numbers[what] = self.sayings.told(what)
        return self.units.add(d, number + 1, self.time, self.frame, KINDS_HEARD)

    def unlearn(self) -> None:
        """Forget the numbers."""
        self.numbers.clear()

    # --- leaving -----------------------------------------------------------------------------------------------

    def leave(self, r: i64) -> None:
        """The decoders go on with the flow: with TLS from its first byte, else from what is handed on next."""
        number = self.tab.F[r].number
        course: i64
        if self.off:
            return
        course = self.course(r)
        if course == TLS:
            held = self.held.pop(number, None)
            self.units.drop(2 * r)
            self.units.drop(2 * r + 1)
            if held is not None:
                for payload in held:
                    self.bytes -= len(payload.data)
                    self.outlet.payloads.append(payload)
                    self.outlet.bytes += len(payload.data)
                    self.tab.E[2 * r + payload.side].handed += 1
        elif course == HTTP and (self.C[r].over0 or self.C[r].over1):
            waits = METHODS[self.C[r].bits - 1] if self.C[r].bits else ""
            self.standings[number] = Standing(waits, (self.C[r].left0, self.C[r].left1), (self.C[r].over0, self.C[r].over1),
                                              (STATES[self.C[r].state0], STATES[self.C[r].state1]))
        elif course == DNS:
            self.standings[number] = Standing("", (self.C[r].left0, self.C[r].left1), (0, 0), ("", ""))
        if course == NEW:
            self.C[r].course = LEFT
        elif course != DONE and course != LEFT:
            self.C[r].course = GONE

    def left(self, r: i64) -> i64:
        """Do decoders go on with the flow in the middle?"""
        return self.C[r].course == GONE

    def end(self, r: i64) -> None:
        """The flow of row ``r`` is over."""
        if not self.off and self.course(r) == TLS:
            self.leave(r)

    def forget(self, r: i64) -> None:
        """The flow of row ``r`` was fetched."""
        self.standings.pop(self.tab.F[r].number, None)

    def close(self) -> None:
        """All are over. What they said has numbers still, which nobody finds by what was said any more: room for sums."""
        self.numbers = {}
        for number in list(self.held):
            r: i64 = self.tab.row(number)
            self.leave(r)

    # --- TLS ---------------------------------------------------------------------------------------------------

    def hold(self, r: i64, d: i64, p: i64, stop: i64) -> i64:
        """Keep what was read of TLS until both sides are sealed: 0 where that is too much."""
        number = self.C[r].number
        held = self.held.get(number)
        if self.C[r].bits & 3 == 3:
            if held is not None:
                for payload in held:
                    self.bytes -= len(payload.data)
                del self.held[number]
            self.C[r].course = DONE
            return 1
        if held is None:
            held = self.held[number] = []
        payload = _new(Payload, (number, d & 1, self.win.take(p, stop), self.time, self.frame, 0, self.tab.D[d].begun != 0, 0, None, ()))
        held.append(payload)
        self.bytes += stop - p
        return self.bytes <= HELD and len(held) < HELD_PAYLOADS

    def tls(self, r: i64, d: i64, p: i64, stop: i64) -> i64:
        """Records at ``p``: 0 where they are for the decoder."""
        s: i64 = d & 1
        n: i64
        kind: i64
        left: i64 = self.C[r].left1 if s else self.C[r].left0
        while p < stop:
            if left:
                n = left if left < stop - p else stop - p
                if not self.handshake(r, d, p, p + n):
                    return 0
                left -= n
                p += n
                continue
            if stop - p < 5:
                return 0
            kind = self.win.b[p]
            left = self.win.be16(p + 3)
            if self.win.b[p + 1] != 3 or self.win.b[p + 2] > 3 or left == 0 or left > RECORD:
                return 0
            p += 5
            if kind != HANDSHAKE:
                return self.past(r, d, kind) if kind == APPLICATION_DATA or (kind == CHANGE_CIPHER_SPEC and left == 1) else 0
        if s:
            self.C[r].left1 = left
        else:
            self.C[r].left0 = left
        return 1

    def past(self, r: i64, d: i64, kind: i64) -> i64:
        """The side's first sealed record: nobody needs the rest."""
        bits: i64 = self.C[r].bits
        server: i64 = cython.cast(i64, self.tab.F[r].opener) ^ 1
        version: i64 = self.version(r)
        if bits & 12 != 12:
            return 0
        if d & 1 == server and kind == CHANGE_CIPHER_SPEC and version < 0x0304 and not bits & (FLIGHT | CERTIFIED):
            if not self.tell(d, ("handshake", version, True, None)):
                return 0
            bits |= FLIGHT
        if not self.tell(d, ("records",)):
            return 0
        self.C[r].bits = bits | (PAST << (d & 1))
        self.tab.D[d].enough = 1
        return 1

    def version(self, r: i64) -> i64:
        """The version that the server chose."""
        return cython.cast(i64, self.C[r].session) if self.C[r].bits & 12 == 12 else 0

    def handshake(self, r: i64, d: i64, p: i64, stop: i64) -> i64:
        """Handshake messages of one record, [p, stop): 0 where they are for the decoder."""
        s: i64 = d & 1
        kind: i64
        n: i64
        over: i64 = self.C[r].over1 if s else self.C[r].over0
        while p < stop:
            if over:
                n = over if over < stop - p else stop - p
                over -= n
                p += n
                continue
            if stop - p < 4:
                return 0
            kind = self.win.b[p]
            over = (self.win.b[p + 1] << 16) | self.win.be16(p + 2)
            p += 4
            n = self.message(r, d, kind, p, p + over, stop)
            if n < 0:
                return 0
            p += n
            over -= n
        if s:
            self.C[r].over1 = over
        else:
            self.C[r].over0 = over
        return 1

    def message(self, r: i64, d: i64, kind: i64, p: i64, end: i64, stop: i64) -> i64:
        """The message whose body is [p, end), of which [p, stop) is here: how much of it was read, -1: it is for the decoder."""
        s: i64 = d & 1
        server: i64 = cython.cast(i64, self.tab.F[r].opener) ^ 1
        bits: i64 = self.C[r].bits
        n: i64
        if kind <= 2:
            if bits & (HELLO << s) or end > stop or kind != 1 + (s == server) or not self.hello(r, d, p, end):
                return -1
            self.C[r].bits = self.C[r].bits | (HELLO << s)
            return end - p
        if not bits & (HELLO << s):
            return -1
        if kind == 11:  # the certificate: list length, length of the first one, the first one
            if stop - p < 6 or end - p < 7:
                return -1
            n = (self.win.b[p + 3] << 16) | self.win.be16(p + 4)
            if (self.win.b[p] << 16) | self.win.be16(p + 1) != end - p - 3 or n == 0 or n > CERTIFICATE or p + 6 + n > end \
                    or p + 6 + n > stop:
                return -1
            if not self.tell(d, ("certificate", self.win.take(p + 6, p + 6 + n))):
                return -1
            if s == server:
                self.C[r].bits = bits | CERTIFIED
            return 6 + n
        if kind == 13:
            if end > stop or not self.tell(d, ("certificate-request",)):
                return -1
            self.C[r].bits = bits | REQUESTED
            return end - p
        if kind == 14:
            if end > p or s != server or bits & FLIGHT or bits & 12 != 12:
                return -1
            if not self.tell(d, ("handshake", self.version(r), False, bits & REQUESTED != 0)):
                return -1
            self.C[r].bits = bits | FLIGHT
            return 0
        return 0 if kind < 64 and (SKIPPED >> kind) & 1 else -1

    def hello(self, r: i64, d: i64, p: i64, stop: i64) -> i64:
        """A ClientHello or the ServerHello that answers it fills [p, stop): 0 where it does not."""
        version: i64
        resumed: i64
        hellos: Hellos = self.hellos
        if d & 1 == self.tab.F[r].opener:
            if not hellos.client(p, stop):
                return 0
            self.C[r].session = hellos.session
            return self.tell(d, _hello(told.CLIENT_HELLO, hellos.version, hellos.alpn_stop - hellos.alpn)
                             + self.win.take(hellos.alpn, hellos.alpn_stop) + self.win.take(hellos.name, hellos.name_stop))
        if not self.C[r].bits & (HELLO << (d & 1 ^ 1)) or not hellos.server(p, stop):
            return 0
        version = hellos.version
        resumed = hellos.psk if version >= 0x0304 else hellos.session_size > 0 and hellos.session == self.C[r].session
        self.C[r].session = cython.cast(u64, version)
        return self.tell(d, ("server-hello", version, hellos.suite, resumed != 0))

    # --- HTTP --------------------------------------------------------------------------------------------------

    def http(self, r: i64, d: i64, p: i64, stop: i64) -> i64:
        """Bodies and heads at ``p``: where what is for the decoder begins."""
        s: i64 = d & 1
        n: i64
        begin: i64 = p
        left: i64 = self.C[r].left1 if s else self.C[r].left0
        state: i64 = self.C[r].state1 if s else self.C[r].state0
        while p < stop:
            if left:
                n = left if left < stop - p else stop - p
                left -= n
                p += n
                if left == 0:
                    state = CHUNK_END if state == CHUNK else MESSAGE
                continue
            if state == MESSAGE:
                n = self.asks(r, s, p, stop) if s == self.tab.F[r].opener else self.answers(r, s, p, stop)
                if n == 0:
                    break
                p = n
                left = self.heads.length
                state = SIZE if left == CHUNKS else UNTIL_END if left < 0 else MESSAGE
                if left < 0:
                    left = 0
            elif state == SIZE:
                n = self.heads.chunk(p, stop)
                if n == 0:
                    break
                p = n
                left = self.heads.length
                state = CHUNK if left else TRAILERS
            elif state == UNTIL_END:
                self.tab.D[d].enough = 1
                p = stop
            else:  # the line end after a chunk, or after the last one
                if stop - p < 2 or self.win.b[p] != 13 or self.win.b[p + 1] != 10:
                    break
                p += 2
                state = SIZE if state == CHUNK_END else MESSAGE
        if state == UNTIL_END:
            self.tab.D[d].enough = 1
        if s:
            self.C[r].left1 = left
            self.C[r].state1 = cython.cast(cython.uint, state)
            self.C[r].over1 += p - begin
        else:
            self.C[r].left0 = left
            self.C[r].state0 = cython.cast(cython.uint, state)
            self.C[r].over0 += p - begin
        return p

    def asks(self, r: i64, s: i64, p: i64, stop: i64) -> i64:
        """A request's head at ``p``: where it ends; 0: for the decoder. The head's ``length`` is the body's, or CHUNKS."""
        n: i64
        if self.C[r].bits:  # another one waits for its answer
            return 0
        n = self.heads.request(p, stop)
        if n:
            self.heads.length = CHUNKS if self.heads.chunked else 0 if self.heads.length < 0 else self.heads.length
            if not self.tell(2 * r + s, ("request", METHODS[self.heads.method - 1])):
                return 0
            self.C[r].bits = cython.cast(cython.uint, self.heads.method)
        return n

    def answers(self, r: i64, s: i64, p: i64, stop: i64) -> i64:
        """A response's head at ``p``, likewise; length -1: until the stream ends."""
        n: i64
        if not self.C[r].bits:
            return 0
        n = self.heads.response(p, stop)
        if n:
            if not self.tell(2 * r + s, ("response", self.heads.status)):
                return 0
            if self.C[r].bits == HEAD or self.heads.status == 204 or self.heads.status == 304:
                self.heads.length = 0
            elif self.heads.chunked:
                self.heads.length = CHUNKS
            self.C[r].bits = 0
        return n

    # --- DNS ---------------------------------------------------------------------------------------------------

    def datagram(self, d: i64, p: i64, stop: i64, time: i64, frame: i64) -> i64:
        """A whole datagram that is no gossip: 1 where it is DNS and was told."""
        r: i64 = d >> 1
        n: i64
        if self.off or self.course(r) == LEFT or self.C[r].course == GONE or not self.names.message(p, stop):
            return 0
        self.time = time
        self.frame = frame
        self.C[r].course = DNS
        if not self.tell(d, told.DNS + self.win.take(p + 2, p + 8) + self.win.take(self.names.question, self.names.question_stop + 3)):
            return 0
        if d & 1:
            n = self.C[r].left1 = self.C[r].left1 + 1
        else:
            n = self.C[r].left0 = self.C[r].left0 + 1
        if n >= DATAGRAMS:
            self.tab.D[d].enough = 1
        return 1
