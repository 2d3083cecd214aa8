from __future__ import annotations

import pytest

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.gossip import (
    ALIVE,
    KINDS,
    PING,
    PUSH_PULL,
    SHAPES,
    Tone,
    begins,
    fields_of,
    number,
    packed,
    raw,
    text,
)
from consul_sniff.decoders.secrets import gossip_key
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.model import Protection

PING_BYTES = bytes.fromhex("0085a44e6f6465a27332a55365714e6f01")  # plain-s1.pcap, frame 183


@pytest.mark.parametrize(
    ("kind", "data", "answer"),
    [
        (PING, PING_BYTES, True),
        (PING, b"\x00\xde\x00\x05\xa4Node", True),
        (PING, b"\x00\x81\xa5SeqNo", True),
        (PING, b"\x00", None),
        (PING, b"\x00\x85", None),
        (PING, b"\x00\x85\xa4Nod", None),
        (PING, b"\x00\xde\x00", None),
        (PING, b"\x00\xde\x00\x05", None),
        (PING, b"\x00\x80", False),
        (PING, b"\x00\x85\xa4Nodx", False),
        (PING, b"\x00\xde\x01\x00\xa4Node", False),
        (PING, b"\x00\xde\x00\x00\xa4Node", False),
        (PING, b"\x00\x95\xa4Node", False),
        (PUSH_PULL, b"\x06\x83\xa4Join", True),
        (PUSH_PULL, b"\x06\x83\xa4Node", False),
        (ALIVE, b"\x04\x86\xa4Addr", True),
    ],
)
def test_a_map_is_known_by_its_first_key(kind: int, data: bytes, answer: bool | None) -> None:  # noqa: FBT001
    assert begins(SHAPES[kind], data, 1) is answer


def test_a_map_without_its_marking_key_is_refused() -> None:
    read = fields_of(SHAPES[PING], Cursor(b"\x82\xa4Node\xa2s2\xa5SeqNo\x01"), Budget(9))
    assert read == {b"Node": b"s2", b"SeqNo": 1}
    for other in (b"\x81\xa4Node\xa2s2", b"\x91\x01", b"\xa5SeqNo"):
        with pytest.raises(DecodeError, match="ping without SeqNo"):
            fields_of(SHAPES[PING], Cursor(other), Budget(9))


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x82\xa4Algo\x00\xa3Buf\xda\x01\x02rest", (14, 258)),
        (b"\x82\xa4Algo\x00\xa3Buf\xa3abc", (12, 3)),
        (b"\x82\xa4Algo\x00\xa3Buf\xc4\x09", (13, 9)),
        (b"\x82\xa4Algo\x01\xa3Buf\xa3abc", None),
        (b"\x82\xa3Buf\xa3abc\xa4Algo\x00", None),
        (b"\x82\xa4Algo\x00\xa3Buf\x01", None),
        (b"\x82\xa4Algx", None),
    ],
)
def test_where_packed_bytes_begin(data: bytes, answer: tuple[int, int] | None) -> None:
    assert packed(data) == answer


@pytest.mark.parametrize("short", range(14))
def test_where_packed_bytes_begin_is_not_known_yet(short: int) -> None:
    with pytest.raises(NeedMoreData):
        packed(b"\x82\xa4Algo\x00\xa3Buf\xda\x01\x02"[:short])


def test_values_of_the_wrong_type_are_as_if_missing() -> None:
    fields: dict[object, object] = {b"a": b"x\x1b", b"b": [1], b"c": 7}
    assert (text(fields, b"a"), text(fields, b"b"), text(fields, b"c")) == ("x\\u{1b}", "", "")
    assert (number(fields, b"a"), number(fields, b"c"), number(fields, b"d")) == (0, 7, 0)
    assert (raw(fields, b"a"), raw(fields, b"c")) == (b"x\x1b", b"")


def test_what_a_key_opened_is_encrypted_and_exposes_nothing() -> None:
    secret = gossip_key(bytes(16), "here")
    opened = Tone(decrypted=True, label=b"dc1").tell("key-request", "x", secrets=[secret])
    assert (opened.protection, opened.decrypted, opened.secrets) == (Protection.ENCRYPTED, True, ())
    assert opened.detail == {"label": "dc1"}
    plain = Tone().tell("key-request", "x", secrets=[secret])
    assert (plain.protection, plain.decrypted, plain.secrets) == (Protection.PLAINTEXT, False, (secret,))


def test_wrappers_are_no_kinds() -> None:
    assert "compress" not in KINDS
    assert "sealed" in KINDS
