from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consul_sniff.capture import compression
from consul_sniff.capture.formats import Damage

frame = pytest.importorskip("lz4.frame")
zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

PACK = {
    "gz": gzip.compress,
    "zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    "lz4": lambda data: frame.compress(data, content_checksum=True),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
DATA = random.Random(1).randbytes(3000) * 40


class Pipe(io.BytesIO):
    """Bytes as they come out of a pipe: a few at a time, and no way back."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation

    def readinto(self, view):
        return super().readinto(view[:1000])


def drain(raw, size=10_000):
    """What can be unpacked, and the damage or None."""
    reader, _ = compression.unpack(raw)
    out, buffer = bytearray(), bytearray(size)
    try:
        while count := reader.readinto(memoryview(buffer)):
            out += buffer[:count]
    except Damage as damage:
        with pytest.raises(Damage):
            reader.readinto(memoryview(buffer))
        return bytes(out), damage.what
    return bytes(out), None


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("raw", [io.BytesIO, Pipe])
@pytest.mark.parametrize("size", [1, 777, 500_000])
def test_unpacks_by_content(name, raw, size):
    data = DATA if size > 1 else DATA[:5000]
    packed = PACK[name](data)
    assert compression.unpack(raw(packed))[1] == name
    assert drain(raw(packed), size) == (data, None)


@pytest.mark.parametrize("raw", [io.BytesIO, Pipe])
@pytest.mark.parametrize("data", [b"", b"\xd4", DATA])
def test_what_is_not_packed_stays(raw, data):
    assert compression.unpack(raw(data))[1] is None
    assert drain(raw(data)) == (data, None)


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("raw", [io.BytesIO, Pipe])
def test_members_one_after_another(name, raw):
    assert drain(raw(PACK[name](DATA[:5000]) + PACK[name](b"") + PACK[name](DATA[5000:]))) == (DATA, None)


@pytest.mark.parametrize("raw", [io.BytesIO, Pipe])
def test_zeros_behind_a_member_are_padding(raw):
    assert drain(raw(gzip.compress(DATA) + bytes(100_000))) == (DATA, None)


@pytest.mark.parametrize("name", PACK)
def test_something_else_behind_a_member_is_told(name):
    out, what = drain(io.BytesIO(PACK[name](DATA) + b"and something else, as long as any header"))
    assert out == DATA
    assert f"its {name} packing is damaged" in what


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("raw", [io.BytesIO, Pipe])
def test_truncated_gives_what_is_there(name, raw):
    packed = PACK[name](random.Random(2).randbytes(400_000))
    out, what = drain(raw(packed[:len(packed) * 3 // 4]))
    assert what == f"its {name} packing ends too early"
    assert random.Random(2).randbytes(400_000).startswith(out)
    if name != "bz2":  # blocks of 900,000 bytes, all or nothing
        assert len(out) >= 200_000


@pytest.mark.parametrize("name", ["gz", "zst", "lz4", "xz"])
def test_wrong_checksum_loses_nothing_of_a_file(name):
    packed = bytearray(PACK[name](DATA[:5000]))
    packed[{"gz": -8, "zst": -1, "lz4": -1, "xz": -33}[name]] ^= 1
    out, what = drain(io.BytesIO(bytes(packed)), 500_000)
    assert f"its {name} packing is damaged" in what
    assert DATA[:5000].startswith(out)
    assert len(out) == 5000 or name == "xz"


def test_bomb_stays_small():
    import tracemalloc

    packed = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    reader, _ = compression.unpack(io.BytesIO(packed))
    buffer, total = memoryview(bytearray(100_000)), 0
    while count := reader.readinto(buffer):
        total += count
    assert total == 50_000_000
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_zstd_window_is_capped():
    options = {zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.enable_long_distance_matching: 1}
    compressor = zstd.ZstdCompressor(options=options)
    out, what = drain(io.BytesIO(compressor.compress(DATA) + compressor.flush()))
    assert out == b""
    assert "too much memory" in what


def test_skippable_frame_first_is_zstd():
    assert drain(io.BytesIO(b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd.compress(DATA))) == (DATA, None)


def test_missing_module_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(Damage, match=r"is packed as lz4, and the module lz4\.frame that unpacks it is not installed"):
        compression.unpack(io.BytesIO(PACK["lz4"](DATA)))


def test_reader_waits_for_a_descriptor_that_does_not_block():
    import threading

    get, put = os.pipe()
    os.set_blocking(get, False)
    timer = threading.Timer(0.05, lambda: (os.write(put, DATA[:100]), os.close(put)))
    timer.start()
    with io.FileIO(get) as raw:
        assert drain(raw) == (DATA[:100], None)
    timer.join()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.integers(0, 5000), st.integers(1, 255), st.booleans())
def test_any_flipped_byte_gives_damage_or_bytes(name, place, flip, pipe):
    packed = bytearray(PACK[name](DATA[:6000]))
    packed[place % len(packed)] ^= flip
    drain((Pipe if pipe else io.BytesIO)(bytes(packed)))
