"""One input, read to blocks: the side of the protocol with the screen that `model.Block` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import limits
from ..facts import InputFacts
from ..model import Block
from . import compression, inputs, linktypes, pcap, pcapng, remote
from .bpf import Filter
from .formats import PACKET, Damage, Layout, Reader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

#: Measured: larger is not faster, and memory grows with it. Any pcap record fits.
BUFFER_BYTES: Final = 512 * 1024
#: Writable bytes behind the last record, for the screen's word-wise reading.
ROOM: Final = 64
#: Named in an input's facts; no honest file has as many.
LINK_TYPES: Final = 16


class Source:
    """An input. Iterating it reads it, once, and gives blocks of whole packet records (the last one may be cut).

    ``facts.link_types`` and ``facts.error`` are set here as reading goes on: the error is there when the iteration
    ends. Whoever counts the packets keeps ``facts.packets`` up to date, or at 0, whenever the next block is asked for:
    an error then says how many packets stand before it. Nothing is raised for what is wrong with an input.
    """

    def __init__(self, found: inputs.Input, filter_: Filter | None, buffer: bytearray) -> None:
        self.path = found.path
        self.facts = InputFacts(found.path)
        self.wait: Callable[[], bool] | None = None  # see `inputs.Raw`
        self.limit = 0  # end when ``facts.packets`` are so many; 0: no limit
        self._filter = filter_
        self._buffer = buffer
        self._have = 0
        self._base = 0  # where in the unpacked stream the buffer begins
        self._at = 0  # of the buffer is done with
        self._out: Block | None = None  # somebody has it
        self._packing: str | None = None
        self._place = found.place or found.path
        self._raw: inputs.Raw | remote.Remote | None = None
        self._given = False
        self._refused: set[str] = set()
        self._links: set[int] = set()
        self._ended = False
        if found.error:
            self._fail(found.error)
            self._ended = True

    @property
    def position(self) -> int:
        """Bytes of the file read so far, packed as they are."""
        return self._raw.position if self._raw else 0

    @property
    def reached(self) -> int:
        """Where in the unpacked stream the first record begins that was not screened."""
        return self._base + (self._at if self._out is None else self._out.consumed)

    def __iter__(self) -> Iterator[Block]:
        """Read on; a source is read once."""
        if self._ended:
            return
        self._ended = True
        try:
            self._raw = raw = self._open()
        except (OSError, ValueError) as error:
            self._fail(inputs.trouble(error))
            return
        with raw:
            try:
                reader, self._packing = compression.unpack(raw)
                yield from self._read(reader)
            except Damage as damage:
                self._fail(damage.what)
            except OSError as error:
                self._fail(f"{inputs.trouble(error)} (at byte {self._base + self._have})")

    def _open(self) -> inputs.Raw | remote.Remote:
        raw = inputs.open_raw(self._place)
        if isinstance(raw, inputs.Raw):
            raw.wait = self.wait
        return raw

    def _read(self, reader: Reader) -> Iterator[Block]:
        broken: Damage | None = None
        try:
            while self._have < pcap.HEADER_BYTES and self._fill(reader):
                pass
        except Damage as damage:
            broken = damage  # what was unpacked before it may be the beginning of a capture
        head = bytes(self._buffer[:min(self._have, pcap.HEADER_BYTES)])
        if broken and not (pcap.begins(head) or pcapng.begins(head)):
            raise broken
        if not head:
            message = "is empty: nothing was captured, or the capture is still to be written"
            raise Damage(message)
        if pcapng.begins(head):
            yield from self._blocks(reader, pcapng.PcapngLayout())
        elif not pcap.begins(head):
            raise Damage(inputs.foreign(head))
        elif len(head) < pcap.HEADER_BYTES:
            message = f"ends inside the header of the file, at byte {len(head)}: no packet in it"
            raise Damage(message)
        else:
            layout = pcap.PcapLayout(head)
            ordinary = layout.ordinary(reader, bytes(self._buffer[pcap.HEADER_BYTES:self._have]))
            if ordinary:
                reader, self._have = ordinary, pcap.HEADER_BYTES
            self._at = pcap.HEADER_BYTES
            yield from self._blocks(reader, layout)

    def _blocks(self, reader: Reader, layout: Layout) -> Iterator[Block]:
        """Blocks from where we are. Every turn takes a record, a block, more bytes, or ends."""
        self._name_links(layout)
        try:
            while not self.limit or self.facts.packets < self.limit:
                found = layout.look(self._buffer, self._at, self._have)
                if found == PACKET:
                    self._out = self._block(layout, self._at)
                    self._given = True
                    yield self._out
                    self._progress(self._out)
                elif found > 0:
                    self._at += found
                    self._name_links(layout)
                else:
                    self._move(-found)
                    if not self._fill(reader):
                        break
            else:
                return
        except Damage as damage:
            place = self._base + self._at if damage.at is None else damage.at
            self._fail(self._stopped(damage.what, place))
            return
        if self._have:
            self._rest(layout)

    def _rest(self, layout: Layout) -> None:
        """The input ends, and what is left in the buffer is no whole record."""
        unit = layout.unit(self._buffer, 0, self._have)
        self._fail(self._stopped(f"ends inside {unit}", self._base))

    def _progress(self, block: Block) -> None:
        self._out = None
        if not self._at < block.consumed <= self._have:
            message = "packet record that cannot be read"
            raise Damage(message)
        self._at = block.consumed

    def _block(self, layout: Layout, at: int) -> Block:
        block = Block(self._buffer, at, self._stop(layout, at) if self.limit else self._have, layout.dialect)
        if self._filter:
            block.accept = self._filter.over(layout.dialect.interfaces, self._refuse)
        return block

    def _stop(self, layout: Layout, at: int) -> int:
        """Where the last packet stands that the limit allows for, or the last in a row."""
        left = self.limit - self.facts.packets
        while left and (size := layout.size(self._buffer, at, self._have)):
            at, left = at + size, left - 1
        return at

    def _move(self, needed: int) -> None:
        """Bring what is not done with to the front, and make room for *needed* bytes."""
        at = self._at
        rest = self._have - at
        size = len(self._buffer) - ROOM
        if needed > size and rest == size:
            # twice as much as has come, not as much as was declared; a new one, for the screen may look at the old
            larger = bytearray(min(size * 2, limits.PCAPNG_BLOCK_BYTES) + ROOM)
            larger[:rest] = memoryview(self._buffer)[at:self._have]
            self._buffer = larger
        elif at:
            with memoryview(self._buffer) as view:
                view[:rest] = view[at:self._have]
        self._have = rest
        self._base += at
        self._at = 0

    def _fill(self, reader: Reader) -> int:
        with memoryview(self._buffer) as view, view[self._have:-ROOM] as free:
            count = reader.readinto(free)
        self._have += count
        return count

    def _name_links(self, layout: Layout) -> None:
        for interface in layout.dialect.interfaces[-1:]:
            if interface.link_type in self._links or len(self._links) == LINK_TYPES:
                continue
            self._links.add(interface.link_type)
            name = linktypes.name(interface.link_type)
            if name not in self.facts.link_types:
                self.facts.link_types = (*self.facts.link_types, name)

    def _refuse(self, why: str) -> None:
        if why not in self._refused and len(self._refused) < LINK_TYPES:
            self._refused.add(why)
            self._fail(f"{why}; its packets of this link type were left out")

    def _stopped(self, what: str, at: int) -> str:
        unpacked = f" of the unpacked {self._packing}" if self._packing else ""
        place = f"at byte {at}{unpacked}"
        what = f"{what} {place}" if what.startswith("ends ") else f"damaged {place}: {what}"
        count = self.facts.packets
        if not self._given:
            before = "there is no packet before it"
        elif not count:
            before = "what stands before it was read"
        else:
            before = f"the {count} packets before it were read" if count > 1 else "the packet before it was read"
        return f"{what}; {before}"

    def _fail(self, what: str) -> None:
        text = f"{inputs.shown(self.path)}: {what}"
        self.facts.error = f"{self.facts.error}; {what}" if self.facts.error else text


def sources(paths: Iterable[str | os.PathLike[str] | inputs.Input], *, bpf: str | None = None) -> Iterator[Source]:
    """The inputs that *paths* mean: files, folders, "-" for standard input; each once, in the order given.

    *bpf*: a libpcap filter expression, see `Block.accept`. One buffer serves all sources: read one to its end before
    the next. Errors: `UsageError` for a wrong filter, at once. What is wrong with an input is in its ``facts.error``.
    """
    filter_ = Filter(bpf) if bpf and bpf.strip() else None
    return _sources(paths, filter_)


def _sources(paths: Iterable[str | os.PathLike[str] | inputs.Input], filter_: Filter | None) -> Iterator[Source]:
    buffer = bytearray(BUFFER_BYTES + ROOM)
    for found in inputs.expand(paths):
        yield Source(found, filter_, buffer)
