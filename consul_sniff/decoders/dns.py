"""DNS (RFC 1035), over UDP and TCP: what is asked for and whether it was answered.

Consul answers for its domain on 8600. mDNS, LLMNR and NetBIOS names are the same format: facts like any other.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from ..errors import DecodeError, NeedMoreData
from ..model import Message, Protection
from ..text import printable
from .base import Cursor, DatagramDecoder, StreamDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Scalar
    from .base import Budget, Opening

HEADER: Final = 12
RECORDS: Final = 1_024  # of one message; 65,535 bytes hold 5,957 of the smallest
POINTERS: Final = 128  # in one name; each goes strictly backwards
NAME: Final = 255  # RFC 1035, 2.3.4
ZONE: Final = 24  # a longer last label is no zone that anybody folds by
SHOWN: Final = 16  # answers in the detail

_TYPES: Final = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA",
                 32: "NB", 33: "SRV", 35: "NAPTR", 41: "OPT", 43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY",
                 64: "SVCB", 65: "HTTPS", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 257: "CAA"}
_CLASSES: Final = frozenset({1, 3, 4, 254, 255})  # IN CH HS NONE ANY; the top bit is mDNS's
_RCODES: Final = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
                  "NOTAUTH", "NOTZONE")
_LABEL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class Record(NamedTuple):
    """A resource record; ``data`` as people read it where the type is known, otherwise empty."""

    type: int
    data: str


class Reply(NamedTuple):
    """A whole DNS message."""

    response: bool
    rcode: int
    cut: bool  # TC: the sender left records out
    name: bytes  # the first question's (mDNS answers: the first record's), labels joined by dots
    type: int
    answers: tuple[Record, ...]  # of the answer section
    answered: bool


def parse(data: bytes, missing: int = 0) -> Reply:
    """Read a message that must be exactly ``data``. NeedMoreData: it ends too early; DecodeError: it is none.

    ``missing``: bytes of the end that were not captured; then the questions are enough.
    """
    cursor = Cursor(data)
    cursor.skip(2)
    flags = cursor.u16()
    questions, answers, authorities, additional = cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16()
    opcode = flags >> 11 & 15
    response, cut = bool(flags & 0x8000), bool(flags & 0x0200)
    records = answers + authorities + additional
    if opcode not in (0, 1, 2, 4, 5, 6, 8) or flags & 15 > 10 or questions > 32 or records > RECORDS:
        raise DecodeError("not DNS")
    # a query is not authoritative (a NOTIFY is), does not offer recursion, and asks for something
    forbidden = 0x0080 if opcode == 4 else 0x0480
    if (not response and (flags & forbidden or not questions)) or (not questions and not answers and flags & 15 == 0):
        raise DecodeError("not DNS")
    name, type_ = b"", 0
    for number in range(questions):
        asked = _name(cursor, data)
        kind = cursor.u16()
        if cursor.u16() & 0x7FFF not in _CLASSES:
            raise DecodeError("class of a question")
        if not number:
            name, type_ = asked, kind
    kept: list[Record] = []
    try:
        for number in range(records):
            owner, record = _record(cursor, data)
            if number < answers:
                kept.append(record)
            if not questions and not number:
                name, type_ = owner, record.type
    except NeedMoreData:
        if not missing or not questions:
            raise
    if len(cursor) and not missing:
        raise DecodeError("bytes after the message")
    return Reply(response, flags & 15, cut, name, type_, tuple(kept[:SHOWN]), answers > 0)


def _record(cursor: Cursor, data: bytes) -> tuple[bytes, Record]:
    owner = _name(cursor, data)
    kind = cursor.u16()
    cursor.skip(6)  # class (a size in OPT), time to live
    stop = cursor.u16()
    stop += cursor.need(stop)
    inner = Cursor(data, cursor.position, stop)
    cursor.position = stop
    return owner, Record(kind, _readable(kind, inner, data))


def _readable(kind: int, inner: Cursor, data: bytes) -> str:
    """Show a record's data; "" where there is none (updates) or where it is another thing (33 is NBSTAT in NetBIOS)."""
    try:
        if kind in (1, 28):
            return str(ipaddress.ip_address(inner.pull(4 if kind == 1 else 16)))
        if kind in (2, 5, 12):
            return printable(_name(inner, data))
        if kind == 33:
            inner.skip(4)
            port = inner.u16()
            return f"{printable(_name(inner, data))}:{port}"
    except (NeedMoreData, DecodeError):
        pass
    return ""


def _name(cursor: Cursor, data: bytes) -> bytes:
    """A name at the cursor. A compression pointer leads strictly backwards, so that no loop can be written."""
    labels: list[bytes] = []
    length = 0
    limit = cursor.position
    reader = cursor
    for _ in range(POINTERS):
        while size := reader.u8():
            if size & 0xC0:
                break
            labels.append(reader.pull(size))
            length += size + 1
            if length > NAME:
                raise DecodeError("name too long")
        else:
            return b".".join(labels)
        if size & 0xC0 != 0xC0:
            raise DecodeError("label type")
        target = (size & 0x3F) << 8 | reader.u8()
        if not HEADER <= target < limit:
            raise DecodeError("compression pointer")
        limit = target
        reader = Cursor(data, target)
    raise DecodeError("compression pointers")


def _zone(name: bytes) -> str:
    """The last label where it can be one: the top-level domain, Consul's own domain."""
    label = name.rpartition(b".")[2].decode("latin-1").lower()
    return label if len(label) <= ZONE and _LABEL.issuperset(label) else "other"


def _message(reply: Reply) -> Message:
    kind = _TYPES.get(reply.type, "other")
    name = printable(reply.name, NAME) or "."
    fields: tuple[tuple[str, str | bool], ...] = (("type", kind), ("zone", _zone(reply.name)))
    detail: dict[str, object] = {"name": name, "type": kind}
    if not reply.response:
        return Message("dns", "query", Protection.PLAINTEXT, f"query {kind} {name}", fields, detail)
    rcode = _RCODES[reply.rcode]
    detail |= {"rcode": rcode, "truncated": reply.cut,
               "answers": [f"{_TYPES.get(record.type, record.type)} {record.data}".rstrip() for record in reply.answers]}
    told = f"{len(reply.answers)} records" if reply.answered else rcode
    return Message("dns", "response", Protection.PLAINTEXT, f"response {kind} {name}: {told}",
                   (("answered", reply.answered), *fields[1:]), detail)


def told_fields(flags: int, kind: int, answers: int, labels: bytes) -> tuple[str, tuple[tuple[str, Scalar], ...]]:
    """Kind and fields of what ``told_message`` tells: few differ, however many names there are."""
    at = last = 0
    while at < len(labels):
        last, at = at, at + 1 + labels[at]
    return _told_fields(flags & 0x8000, kind, answers > 0, labels[last + 1:])


@lru_cache(maxsize=1024)
def _told_fields(response: int, kind: int, answered: bool, label: bytes) -> tuple[str, tuple[tuple[str, Scalar], ...]]:  # noqa: FBT001
    message = _message(Reply(response != 0, 0, False, label, kind, (), answered))
    return message.kind, message.fields


def told_message(flags: int, kind: int, answers: int, labels: bytes) -> Message:
    """The message with this header and question (``labels`` as on the wire, without the last, empty one)."""
    name = []
    at = 0
    while at < len(labels):
        name.append(labels[at + 1:at + 1 + labels[at]])
        at += 1 + labels[at]
    kept = (Record(0, ""),) * min(answers, SHOWN)
    return _message(Reply(flags & 0x8000 != 0, flags & 15, False, b".".join(name), kind, kept, answers > 0))


_KINDS: Final[dict[str, tuple[str, ...]]] = {"query": ("type", "zone"), "response": ("answered", "zone")}


class Dns(DatagramDecoder):
    """DNS over UDP."""

    protocol: ClassVar[str] = "dns"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = _KINDS

    @classmethod
    def claims(cls, data: bytes) -> bool:
        """A datagram is DNS when all of it reads as one message: random bytes hardly get past the header's counts."""
        try:
            parse(data)
        except (DecodeError, NeedMoreData):
            return False
        return True

    def read(self, cursor: Cursor, budget: Budget) -> Iterator[Message]:
        budget.spend(len(cursor), "DNS")
        yield _message(parse(cursor.rest(), self.missing))


class DnsStream(StreamDecoder):
    """DNS over TCP: a 2-byte length before each message."""

    protocol: ClassVar[str] = "dns"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = _KINDS

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        undecided = False
        found = False
        for data, began in zip(opening.sides, opening.began, strict=True):
            answer = _framed(data)
            if answer is False and (began or data):
                return False
            found = found or answer is True
            undecided = undecided or (answer is None and bool(data))
        return True if found else None if undecided else False

    @classmethod
    def begin(cls, opening: Opening) -> DnsStream:  # noqa: ARG003 - nothing in it matters
        return cls()

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        size = int.from_bytes(cursor.peek(2), "big")
        if size < HEADER:
            raise DecodeError("length of a message")
        cursor.need(2 + size)
        cursor.skip(2)
        try:
            reply = parse(cursor.pull(size))
        except NeedMoreData:
            raise DecodeError("message ends too early") from None
        if self.originator is None:
            self.originator = 1 - side if reply.response else side
        return [_message(reply)]


def _framed(data: bytes) -> bool | None:
    """Say whether a side begins with a length and a message of that length; None: it may once more is there."""
    if len(data) < 2 + HEADER:
        return None if len(data) < 2 or data[0] or data[1] >= HEADER else False
    size = data[0] << 8 | data[1]
    if size < HEADER:
        return False
    try:
        parse(data[2:2 + size])
    except NeedMoreData:
        return None if len(data) < 2 + size else False
    except DecodeError:
        # cut in the middle a message cannot be told from a broken one, but its head is read before
        return False
    return True
