"""All packets, to files, with a comment on each that proves a finding.

pcapng knows no later word on a packet that is written. So packets wait in the window until they were judged, about a
second, and leave it with their comments. What cannot wait that long (more than ``limits.KEPT_WINDOW`` bytes between two
judgements), and what is understood later than that, is named when the run ends, in the comments of an empty last section:
Wireshark and capinfos show those as the file's. Nothing is written twice, so packets have their numbers of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..capture import pcapng_writer as pcapng
from ..capture.records import packets
from .comments import comments

if TYPE_CHECKING:
    from ..model import Interface
    from ..report import Report
    from .files import Files
    from .section import Section
    from .window import Chunk

LATE: Final = 200  # later words that are written out; the rest is counted
_PIECE: Final = 1_000  # packets that are written at once, one by one as they are


class Traffic:
    """Errors: none of the disk's, see ``files.trouble``; OutputError for a stream with too many interfaces."""

    def __init__(self, files: Files, section: Section) -> None:
        self.files = files
        self.commented = 0  # packets
        self._section = section
        self._next = 1  # the first packet that was not written yet
        self._comments: dict[int, dict[str, str]] = {}
        self._said: dict[int, set[str]] = {}  # findings that a written packet's comments name
        self._late: list[tuple[int, str]] = []

    @property
    def late(self) -> int:
        """Comments that are not where their packet is."""
        return len(self._late)

    def know(self, source: object) -> None:
        """Where the packets come from."""
        self.files.write(self._section.know(source))

    def report(self, report: Report) -> None:
        """A judgement of all packets so far: their comments."""
        self._comments = comments(report)
        names = self._section.names(report.nodes)
        if names:
            self.files.write(names)
        written = {frame: words for frame, words in self._comments.items() if frame < self._next}
        self._said = {frame: self._said[frame] for frame in written if frame in self._said}
        self._late = [(frame, text) for frame, words in sorted(written.items()) for name, text in words.items()
                      if name not in self._said.get(frame, ())]

    def write(self, chunk: Chunk) -> None:
        """The next packets, unless they were written before."""
        if chunk.first < self._next:
            return
        proving = self._comments.keys() & range(chunk.first, chunk.first + chunk.count) if self._comments else ()
        if proving or chunk.dialect.format != "pcap":
            self._one_by_one(chunk)
        else:
            number = self._number(chunk.dialect.interfaces[0])
            for count, blocks in pcapng.packets(chunk.data, chunk.dialect, number):
                self.files.write(blocks, count)
                self._section.count(number, count)
        self._next = chunk.first + chunk.count

    def close(self) -> None:
        """The run is over."""
        self.files.close(self._last_words())

    def _last_words(self) -> bytes:
        lines = [f"{place}: {text}" for place, text in ((self.files.place(frame), text) for frame, text in self._late) if place]
        if not lines:
            return b""
        more = [f"and {len(lines) - LATE} more"] if len(lines) > LATE else []
        return self._section.remark(["Understood after the packet was written:", *lines[:LATE], *more])

    def _one_by_one(self, chunk: Chunk) -> None:
        blocks: list[bytes] = []
        for frame, packet in enumerate(packets(chunk.data, chunk.dialect), chunk.first):
            if len(blocks) == _PIECE:
                self.files.write(b"".join(blocks), _PIECE)
                blocks.clear()
            number = self._number(packet.interface)
            self._section.count(number, 1)
            words = self._comments.get(frame, {})
            if words:
                self._said[frame] = set(words)
                self.commented += 1
            blocks.append(pcapng.packet(number, packet.time, packet.sent, packet.data, words.values()))
        self.files.write(b"".join(blocks), len(blocks))

    def _number(self, interface: Interface) -> int:
        number, new = self._section.number(interface)
        if new:
            self.files.write(new)
        return number
