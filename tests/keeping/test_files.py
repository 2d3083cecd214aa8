# ruff: noqa: PTH208 - names are what is looked at
import os
import resource
import subprocess
from contextlib import contextmanager

import pytest

from consul_sniff.errors import OutputError
from consul_sniff.hardening import OutputDir
from consul_sniff.keeping.files import ENDING, Files, Ring

from .kept import Clocks

MB = 1 << 20


@pytest.fixture
def folder(tmp_path):
    with OutputDir.open(tmp_path) as opened:
        yield opened


def files(folder, ring=None):
    return Files(folder, "all.pcapng", ring, lambda first: f"<{first}>".encode(), lambda: b"</>", Clocks().wall)


def test_one_file_for_its_owner_only(folder, tmp_path):
    one = files(folder)
    one.write(b"abc", 2)
    one.close(b"late")
    assert (tmp_path / "all.pcapng").read_bytes() == b"<1>abc</>late"
    assert (tmp_path / "all.pcapng").stat().st_mode & 0o7777 == 0o600
    assert (one.packets, one.place(2), one.place(3)) == (2, "packet 2", "")


def test_what_was_there_is_replaced_and_a_link_not_followed(folder, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "all.pcapng").symlink_to("victim")
    files(folder).close()
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert (tmp_path / "all.pcapng").read_bytes() == b"<1></>"
    assert sorted(os.listdir(tmp_path)) == ["all.pcapng", "victim"]


def test_no_file_there(folder, tmp_path):
    os.mkfifo(tmp_path / "all.pcapng")
    with pytest.raises(OutputError, match="is not a regular file"):
        files(folder)


def test_a_ring_keeps_the_last_files_each_of_its_size(folder, tmp_path):
    ring = files(folder, Ring(3, MB))
    for _ in range(40):
        ring.write(bytes(200_000), 10)
    ring.close()
    names = sorted(os.listdir(tmp_path))
    assert names == [f"all_{number:05d}_20251125220000.pcapng" for number in (8, 9, 10)]
    assert all(MB - 200_000 - ENDING < (tmp_path / name).stat().st_size <= MB for name in names)
    assert (tmp_path / names[0]).read_bytes().startswith(b"<281>")
    assert (ring.packets, ring.removed) == (400, 7)
    assert ring.place(281) == f"packet 1 of {names[0]}"
    assert ring.place(400) == f"packet 40 of {names[2]}"
    assert ring.place(280) == ""


def test_a_ring_does_not_touch_the_files_of_others(folder, tmp_path):
    (tmp_path / "all_00001_20251125220000.pcapng").write_bytes(b"another run's")
    with pytest.raises(OutputError, match="not opened"):
        files(folder, Ring(2, MB))
    assert (tmp_path / "all_00001_20251125220000.pcapng").read_bytes() == b"another run's"


@contextmanager
def disk(tmp_path, size):
    """A disk of its own; root only."""
    if os.geteuid() != 0:
        pytest.skip("mounting a disk takes root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk to fill: {mounted.stderr.strip()}")
    try:
        with OutputDir.open(place) as folder:
            yield place, folder
    finally:
        subprocess.run(["umount", place], check=False)


def test_a_full_disk_leaves_whole_blocks_and_takes_more_when_there_is_room(tmp_path):
    with disk(tmp_path, "64k") as (place, folder):
        one = files(folder)
        one.write(b"a" * 50_000, 5)
        one.write(b"b" * 50_000, 5)
        one.write(b"c" * 10, 1)  # would fit, but stands behind what is missing
        assert one.trouble == f"{place}/all.pcapng: No space left on device"
        assert (place / "all.pcapng").read_bytes() == b"<1>" + b"a" * 50_000
        assert one.packets == 5
        subprocess.run(["mount", "-o", "remount,size=1M", place], check=True)
        one.reopen()
        assert not one.trouble
        one.write(b"d" * 10, 2)
        one.close()
        assert (place / "all.pcapng").read_bytes() == b"<1>" + b"a" * 50_000 + b"<12>" + b"d" * 10 + b"</>"
        assert [one.place(frame) for frame in (5, 6, 11, 12, 13)] == ["packet 5", "", "", "packet 6", "packet 7"]


def test_a_limit_of_the_process_is_like_a_full_disk(folder, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    one = files(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        one.write(b"a" * 15_000, 1)
        one.write(b"b" * 15_000, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    one.close()
    assert one.trouble.endswith("all.pcapng: File too large")
    assert (tmp_path / "all.pcapng").stat().st_size == 15_003


def test_a_disk_that_is_taken_away_is_trouble_not_an_error(folder, tmp_path):
    one = files(folder)
    with open(os.devnull, "rb") as null:  # noqa: PTH123
        os.dup2(null.fileno(), one._file.fileno())
    one.write(b"a", 1)
    assert one.trouble == f"{tmp_path}/all.pcapng: Bad file descriptor"
    one.close()


def test_reopening_goes_on_where_the_file_was_moved_away(folder, tmp_path):
    one = files(folder)
    one.write(b"a", 1)
    one.reopen()  # it is where it was
    one.write(b"b", 1)
    (tmp_path / "all.pcapng").rename(tmp_path / "all.pcapng.1")
    one.write(b"c", 1)
    one.reopen()
    one.write(b"d", 1)
    one.close()
    assert (tmp_path / "all.pcapng.1").read_bytes() == b"<1>abc</>"
    assert (tmp_path / "all.pcapng").read_bytes() == b"<4>d</>"
    assert (one.place(3), one.place(4)) == ("", "packet 1")


def test_reopening_a_ring_begins_its_next_file(folder, tmp_path):
    ring = files(folder, Ring(2, MB))
    for _ in range(3):
        ring.write(b"a", 1)
        ring.reopen()
    ring.close()
    assert [name[:9] for name in sorted(os.listdir(tmp_path))] == ["all_00003", "all_00004"]
