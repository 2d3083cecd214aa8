"""Packed captures: gz, zst, lz4, bz2 and xz, told by their first bytes, unpacked as a stream.

Files of several members (``cat a.gz b.gz``, pigz, pzstd) read as one. Nothing is unpacked twice over, and no more than
is asked for: a bomb costs time, not memory.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from .formats import Damage, Reader

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

#: Enough for every magic number below.
MAGIC_BYTES: Final = 16
_CHUNK: Final = 65_536
#: What a failing call may lose where a second look is not possible (a pipe).
_PIPE_STEP: Final = 16_384
#: 2**27 = 128 MiB: what zstd itself takes without ``--long``. An xz dictionary has the same bound.
_ZSTD_WINDOW_LOG: Final = 27
_XZ_BYTES: Final = 1 << _ZSTD_WINDOW_LOG


class _State(Protocol):
    """One member being unpacked: what bz2, lzma, lz4 and zstd offer alike."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib in the shape of `_State`."""

    def __init__(self) -> None:
        import zlib

        self._inflate = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        # a full output can mean that zlib holds more of it back, even with all its input taken
        self.needs_input = len(out) < max_length and not self._inflate.unconsumed_tail
        return out


def _gz() -> tuple[Callable[[], _State], type[Exception]]:
    import zlib

    return _Gzip, zlib.error


def _bz2() -> tuple[Callable[[], _State], type[Exception]]:
    import bz2

    return bz2.BZ2Decompressor, OSError


def _xz() -> tuple[Callable[[], _State], type[Exception]]:
    import lzma

    return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_BYTES), lzma.LZMAError


def _lz4() -> tuple[Callable[[], _State], type[Exception]]:
    frame: Any = import_module("lz4.frame")
    return frame.LZ4FrameDecompressor, RuntimeError


def _zst() -> tuple[Callable[[], _State], type[Exception]]:
    try:
        zstd: Any = import_module("compression.zstd")  # Python 3.14
    except ImportError:
        zstd = import_module("backports.zstd")
    options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError


_KINDS: Final = {"gz": _gz, "zst": _zst, "lz4": _lz4, "bz2": _bz2, "xz": _xz}


def kind(head: bytes) -> str | None:
    """How a file that begins with *head* is packed: "gz", "zst", "lz4", "bz2", "xz", or None."""
    if head[:3] == b"\x1f\x8b\x08":
        return "gz"
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zst"  # or a skippable frame, which pzstd begins its files with
    if head[:4] == b"\x04\x22\x4d\x18":
        return "lz4"
    if head[:3] == b"BZh" and head[4:10] in {b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"}:
        return "bz2"
    if head[:6] == b"\xfd7zXZ\x00":
        return "xz"
    return None


class Plain:
    """A raw stream, and in front of it the bytes that were read to recognise it."""

    def __init__(self, raw: io.RawIOBase, head: bytes) -> None:
        self._raw = raw
        self._head = head

    def readinto(self, view: memoryview) -> int:
        if self._head:
            count = min(len(view), len(self._head))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        return read_some(self._raw, view)


class Unpacked:
    """The unpacked bytes of a packed stream. Truncated or damaged: all bytes up to there, then `Damage`."""

    def __init__(self, raw: io.RawIOBase, head: bytes, name: str) -> None:
        try:
            self._make, self._failure = _KINDS[name]()
        except ImportError as error:
            message = (f"is packed as {name}, and the module {error.name} that unpacks it is not installed: "
                       f"install it, or unpack the file first")
            raise Damage(message) from None
        self.name = name
        self._raw = raw
        self._head = head
        self._pending = head
        self._state = self._make()
        self._given = 0
        self._again = raw.seekable()
        self._ended = False
        self._chunks = 0  # read so far
        self._whole = sys.maxsize  # to be read as a whole, before it goes byte by byte
        self._broken: Damage | None = None

    def readinto(self, view: memoryview) -> int:
        if self._broken:
            raise self._broken
        try:
            data = self._next(len(view) if self._again else min(len(view), _PIPE_STEP))
        except Damage as damage:
            self._broken = damage
            data = self._salvage(len(view)) if self._again else b""
            if not data:
                raise
        count = len(data)
        view[:count] = data
        self._given += count
        return count

    def _next(self, limit: int) -> bytes:
        """Up to *limit* unpacked bytes; none at the end."""
        while True:
            if self._state.eof:
                # zeros may follow a member: tapes and block devices pad
                following = (self._state.unused_data or self._pending or self._read()).lstrip(b"\0")
                self._pending = b""
                if not following and not (following := self._read().lstrip(b"\0")):
                    if self._ended:
                        return b""
                    continue
                self._pending = following
                self._state = self._make()
            chunk = b""
            if self._state.needs_input:
                chunk, self._pending = self._pending or self._read(), b""
                if not chunk:
                    message = f"its {self.name} packing ends too early"
                    raise Damage(message)
            try:
                data = self._state.decompress(chunk, limit)
            except (self._failure, EOFError, ValueError) as error:
                message = f"its {self.name} packing is damaged ({str(error).rstrip('.')})"
                raise Damage(message) from None
            if data:
                return data

    def _read(self) -> bytes:
        chunk = bytearray(_CHUNK if self._whole else 1)
        with memoryview(chunk) as view:
            count = read_some(self._raw, view)
        self._whole -= 1 if self._whole else 0
        self._chunks += 1
        self._ended = not count
        return bytes(chunk[:count])

    def _salvage(self, limit: int) -> bytes:
        """The bytes that the failing call had unpacked and lost: unpack again, the last chunk byte by byte."""
        self._raw.seek(len(self._head))
        self._pending, self._state = self._head, self._make()
        self._whole = max(self._chunks - 1, 0)
        known = self._given
        saved = bytearray()
        try:
            while len(saved) < limit and (data := self._next(limit)):
                saved += data[known:]
                known = max(known - len(data), 0)
        except Damage:
            pass
        return bytes(saved[:limit])


def read_some(raw: io.RawIOBase, view: memoryview) -> int:
    """``raw.readinto``, but waiting for a descriptor that somebody set to not block."""
    while (count := raw.readinto(view)) is None:
        import select

        select.select([raw], [], [])
    return count


def unpack(raw: io.RawIOBase) -> tuple[Reader, str | None]:
    """The bytes of *raw* without its packing, and how it was packed (None: not at all).

    Errors: `Damage` where the module for it is missing.
    """
    head = bytearray(MAGIC_BYTES)
    have = 0
    with memoryview(head) as view:
        while have < MAGIC_BYTES and (count := read_some(raw, view[have:])):
            have += count
    begin = bytes(head[:have])
    name = kind(begin)
    return (Unpacked(raw, begin, name) if name else Plain(raw, begin)), name
