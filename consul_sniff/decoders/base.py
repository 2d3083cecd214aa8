"""What every decoder is made of: a bounds-checked cursor, a shared budget, two kinds of decoder.

A decoder is sans-IO: bytes in, messages out. It knows no address, no port and no clock, logs nothing and raises only
``NeedMoreData`` and ``DecodeError``; ``session.py`` is the one place that turns those into waiting and into notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..errors import DecodeError, NeedMoreData
from ..model import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..keyring import Keyring
    from ..model import Message


class Budget:
    """How much work one packet or message may cause, over all layers inside it."""

    __slots__ = ("left",)

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int, what: str = "budget") -> None:
        """Take ``units``; raise ``DecodeError(what)`` where there are not so many left."""
        self.left -= units
        if self.left < 0:
            raise DecodeError(what)


class Cursor:
    """The one way to read bytes. Every pull either gives all it was asked for or raises ``NeedMoreData``."""

    __slots__ = ("data", "position", "stop")

    def __init__(self, data: bytes | bytearray | memoryview, position: int = 0, stop: int | None = None) -> None:
        self.data = data
        self.position = position
        self.stop = len(data) if stop is None else stop

    def __len__(self) -> int:
        """Bytes that are left."""
        return self.stop - self.position

    def need(self, count: int) -> int:
        """Where the next ``count`` bytes begin; they are there."""
        at = self.position
        if count < 0:
            raise DecodeError("negative length")
        if self.stop - at < count:
            raise NeedMoreData(count - (self.stop - at))
        return at

    def pull(self, count: int) -> bytes:
        at = self.need(count)
        self.position = at + count
        return bytes(self.data[at:at + count])

    def peek(self, count: int) -> bytes:
        at = self.need(count)
        return bytes(self.data[at:at + count])

    def rest(self) -> bytes:
        """All that is left, perhaps nothing."""
        at, self.position = self.position, self.stop
        return bytes(self.data[at:self.stop])

    def uint(self, count: int) -> int:
        """A big-endian unsigned integer of ``count`` bytes."""
        at = self.need(count)
        self.position = at + count
        return int.from_bytes(self.data[at:at + count], "big")

    def u8(self) -> int:
        return self.uint(1)

    def u16(self) -> int:
        return self.uint(2)

    def u24(self) -> int:
        return self.uint(3)

    def u32(self) -> int:
        return self.uint(4)

    def skip(self, count: int) -> None:
        self.position = self.need(count) + count


class Opening(NamedTuple):
    """What is known of a TCP flow when its protocol is asked for: the first bytes of each side that were seen.

    ``began[side]``: those bytes are the very first of that side's stream. ``opener``: the side that sent SYN, or None.
    ``lost[side]``: bytes are missing before them, so they may begin inside a record.
    """

    sides: tuple[bytes, bytes]
    began: tuple[bool, bool]
    opener: int | None


class DatagramDecoder:
    """One datagram in, its messages out."""

    protocol: ClassVar[str]
    kinds: ClassVar[dict[str, tuple[str, ...]]]  # kind -> names of its fields: the vocabulary of signatures

    #: bytes of the datagram that the capture did not keep
    missing: int = 0
    #: gossip keys that may open it
    keyring: Keyring | None = None

    def read(self, cursor: Cursor, budget: Budget) -> Iterator[Message]:
        """The messages in the datagram. DecodeError: it is not this protocol, or broken."""
        raise NotImplementedError


class StreamDecoder:
    """Both sides of one TCP flow. One instance a flow.

    ``read`` is called again and again with what is there of one side; it takes at least one byte and returns the
    messages they hold (often none), or raises ``NeedMoreData`` (the driver rolls back and waits for so many bytes) or
    ``DecodeError`` (out of step: the driver asks anew whose bytes these are).
    """

    protocol: ClassVar[str]
    kinds: ClassVar[dict[str, tuple[str, ...]]]

    #: what the first byte of a stream may be: where only one side spoke so far, from its beginning, and with another byte,
    #: ``claims`` says False and need not be asked. None: any
    first_bytes: ClassVar[frozenset[int] | None] = None
    #: set to another decoder to hand the rest of the flow to it (a mode byte was read, TLS unwrapped, HTTP upgraded)
    successor: StreamDecoder | None = None
    #: the originator's side where the content shows it (who sent the request, the ClientHello); None: unknown
    originator: int | None = None
    #: the side that said each message of ``close``; where it is shorter, the originator did
    closed_sides: Sequence[int] = ()

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        """Is this flow ours? True: surely. False: surely not. None: more bytes are needed to tell."""
        raise NotImplementedError

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        """A decoder for the flow that ``claims`` said True to; it is then fed from the first byte in ``opening``."""
        raise NotImplementedError

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        raise NotImplementedError

    def gap(self, side: int, lost: int) -> None:
        """``lost`` bytes of this side were not captured. DecodeError: cannot go on from here."""
        raise DecodeError("gap")

    def cut(self, side: int, data: bytes) -> list[Message]:
        """``data`` waited for more, which was not captured (a snap length, mostly): what it says by itself."""
        return []

    def close(self) -> list[Message]:
        """The flow ended: messages that were waiting for more."""
        return []

    def framing(self, side: int) -> Framing:
        """Where this side stands between two messages, each of which says the same whatever came before: how the next ones
        are told apart. NONE: it does not, or nobody can."""
        return Framing.NONE

    def content(self, side: int) -> bool:
        """Does anybody still need this side's bytes? False: the screen stops handing them on."""
        return True
