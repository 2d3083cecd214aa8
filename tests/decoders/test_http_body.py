"""Bodies: unzipped within bounds, searched over window borders, paid for from one pool."""

import gzip
import random
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders import http_body
from consul_sniff.decoders.http_body import Body, Finds, Sink
from consul_sniff.decoders.secrets import token

NEEDLE = b'"needle":"found-it"'


class Looking(Sink):
    patterns = ((re.compile(rb'"needle":"([a-z-]+)"'),
                 lambda sink, match: sink.finds.secret(token("acl-token", match[1], "test", ""))),)


def searched(data, encoding="", size=1 << 20):
    finds = Finds()
    body = Body(Looking(finds, "test", ""), encoding)
    for at in range(0, len(data), size):
        body.feed(data[at:at + size])
    body.done()
    return list(finds.secrets), body


@pytest.mark.parametrize("at", [0, 1, 16_383 - len(NEEDLE), 16_375, 16_384, 65_530, 120_000])
@pytest.mark.parametrize("size", [700, 65_536])
def test_found_wherever_it_stands(at, size):
    found, body = searched(b"x" * at + NEEDLE + b"y" * 5_000, size=size)
    assert len(found) == 1
    assert not body.cut


def test_byte_by_byte():
    found, _ = searched(b"x" * 3_000 + NEEDLE, size=1)
    assert len(found) == 1


@pytest.mark.parametrize(("encoding", "pack"), [
    ("gzip", gzip.compress), ("deflate", zlib.compress), ("x-gzip", gzip.compress), (" GZIP ", gzip.compress),
    ("deflate", lambda data: zlib.compress(data)[2:-4]),  # raw, as some send it
])
@pytest.mark.parametrize("size", [997, 1 << 20])
def test_packed(encoding, pack, size):
    noise = random.Random(7).randbytes(30_000).hex().encode()
    found, body = searched(pack(noise + NEEDLE + noise), encoding, size)
    assert len(found) == 1
    assert not body.cut


@pytest.mark.parametrize("encoding", ["", "identity", "gzip"])
@pytest.mark.parametrize("size", [997, 1 << 20])
def test_packed_in_itself_and_perhaps_once_more_by_the_server(encoding, size):
    class Archive(Looking):
        packed = "gzip"

    noise = random.Random(7).randbytes(30_000).hex().encode()
    data = gzip.compress(noise + NEEDLE + noise)
    data = gzip.compress(data) if encoding == "gzip" else data
    finds = Finds()
    body = Body(Archive(finds, "test", ""), encoding)
    for at in range(0, len(data), size):
        body.feed(data[at:at + size])
    body.done()
    assert len(finds.secrets) == 1
    assert not body.cut


def test_what_says_to_be_packed_twice_and_is_not_is_cut():
    class Archive(Looking):
        packed = "gzip"

    finds = Finds()
    body = Body(Archive(finds, "test", ""), "gzip")
    body.feed(gzip.compress(NEEDLE))
    body.done()
    assert body.cut


def test_a_bomb_is_cut():
    bomb = gzip.compress(bytes(3 * limits.BODY_BYTES), 9)
    found, body = searched(bomb + b"", "gzip")
    assert found == []
    assert body.cut
    assert body.sink.size <= limits.BODY_BYTES


def test_over_the_budget_what_came_before_is_kept():
    found, body = searched(NEEDLE + bytes(limits.BODY_BYTES) + NEEDLE.replace(b"found", b"other"))
    assert len(found) == 1
    assert body.cut


@pytest.mark.parametrize(("data", "encoding"), [(b"no gzip at all", "gzip"), (b"\x1b\x00", "br"), (b"x" * 9, "deflate")])
def test_what_cannot_be_unpacked_is_cut(data, encoding):
    found, body = searched(data, encoding)
    assert found == []
    assert body.cut


def test_after_a_gap_plain_bodies_go_on_and_packed_ones_do_not():
    for encoding, data, count in (("", NEEDLE, 1), ("gzip", gzip.compress(NEEDLE), 0)):
        finds = Finds()
        body = Body(Looking(finds, "test", ""), encoding)
        body.gap()
        body.feed(data)
        body.done()
        assert len(finds.secrets) == count
        assert body.cut


def test_the_pool_bounds_all_bodies_and_gets_its_bytes_back(monkeypatch):
    monkeypatch.setattr(http_body, "POOL", http_body.Pool(300_000))
    bodies = [Body(Looking(Finds(), "test", "")) for _ in range(5)]
    assert [body.cut for body in bodies] == [False, False, True, True, True]
    bodies.clear()
    assert http_body.POOL.left == 300_000


def test_what_is_held_is_bounded():
    sink = Sink(Finds(), "test", "", hold=True)
    sink.feed(b"a" * 1000)
    assert sink.held == b"a" * 1000
    sink.feed(b"a" * limits.JSON_BYTES)
    assert sink.held is None
    assert sink.over


def test_finds_are_bounded():
    finds = Finds()
    for number in range(http_body.SECRETS_KEPT + 5):
        finds.secret(token("acl-token", str(number), "test", ""))
    assert len(finds.secrets) == http_body.SECRETS_KEPT
    assert finds
    assert not Finds()


@given(st.lists(st.binary(max_size=200)), st.sampled_from(["", "gzip", "deflate", "br"]))
def test_nothing_escapes(parts, encoding):
    body = Body(Looking(Finds(), "test", ""), encoding)
    for part in parts:
        body.feed(part)
    body.done()
    assert encoding or body.sink.size == sum(map(len, parts))
