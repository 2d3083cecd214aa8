"""Files that come, move, are packed, cut, written over, removed."""

from __future__ import annotations

import gzip
import os

import pytest

from consul_sniff.capture import follow, followed, lookout
from consul_sniff.errors import CaptureError, UsageError

from .following import Run, again, capture, grow, records


def test_what_is_no_capture_is_told_at_once(tmp_path):
    (tmp_path / "a.txt").write_text("hello, this is some text and more of it")
    with pytest.raises(CaptureError, match=r'a\.txt: not a capture: begins with "hello, this is s"'):
        Run(tmp_path / "a.txt").go()
    with pytest.raises(CaptureError, match=r"a\.pcap: no such file"):
        Run(tmp_path / "none" / "a.pcap")
    with pytest.raises(UsageError):
        Run(tmp_path, bpf="port of call")


def test_emptied_first_and_filled_later_as_a_ring_does(tmp_path):
    old, new = tmp_path / "cap0", tmp_path / "cap1"
    old.write_bytes(capture(1, 2))
    run = Run(tmp_path).go(grow(new, capture(3)), lambda: old.write_bytes(b""), grow(new, records(4)), grow(old, capture(5)))
    assert run.numbers == [1, 2, 3, 4, 5]
    assert run.kinds()[2:] == ["file-overwritten"]


@pytest.mark.parametrize("cut", [60, 100])
def test_a_file_that_is_cut(tmp_path, cut):
    path, other = tmp_path / "cap0", tmp_path / "cap1"
    path.write_bytes(capture(1, 2))
    run = Run(tmp_path).go(grow(other, capture(3)), lambda: os.truncate(path, cut), grow(other, records(4)))
    assert run.numbers == [1, 2, 3, 4]
    assert run.kinds()[-1] == "file-truncated"
    assert run.rows[0].error.endswith(f"cap0 was cut to {cut} bytes after 152 had been read; nothing more of it is read")


def test_a_file_that_is_emptied_and_stays_so(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1))
    run = Run(path).go(lambda: path.write_bytes(b""), *[lambda: None] * lookout.EMPTY_LOOKS)
    assert run.kinds() == ["file-new", "file-truncated"]
    assert run.happened[-1].words.endswith("a.pcap was emptied; a capture that begins in it will be read")


def test_files_that_go_away(tmp_path):
    paths = [tmp_path / f"cap{number}" for number in range(3)]
    run = Run(tmp_path).go(grow(paths[0], capture(1)), grow(paths[1], capture(2)), paths[0].unlink, grow(paths[2], capture(3)), paths[2].unlink,
                           grow(paths[2], capture(4)))
    assert run.numbers == [1, 2, 3, 4]
    assert run.happened[-3].words.endswith("cap0 is gone; all of it had been read") or "cap0 is gone; all of it had been read" in str(run.happened)
    assert run.kinds().count("file-gone") == 2
    assert run.follow.reasons == set()


def test_one_that_goes_away_before_it_was_read(tmp_path):
    for name in ("cap0", "cap1"):
        (tmp_path / name).write_bytes(capture(1, 2, 3) + bytes(7))
    run = Run(tmp_path)

    class Gone:
        def __init__(self, one):
            self.one = one

    first = next(iter(run.follow))
    (tmp_path / "cap1").unlink()
    for _ in range(follow.LOOK_EVERY):
        run.follow.look()
    assert first.path.endswith("cap0")
    assert len(run.follow.reasons) == 1
    assert "file-gone" in [one.what for one in run.follow.check()]


def test_renamed_and_begun_anew_as_logrotate_does(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1))

    def rotate():
        path.rename(tmp_path / "a.pcap.1")
        path.write_bytes(capture(3))

    def late():
        with (tmp_path / "a.pcap.1").open("ab") as file:
            file.write(records(2))

    for where in (path, tmp_path):
        run = Run(where).go(rotate, late, grow(path, records(4)), *[lambda: None] * 9)
        assert sorted(run.numbers) == ([1, 3, 4] if where == path else [1, 2, 3, 4])
        path.write_bytes(capture(1))
        (tmp_path / "a.pcap.1").unlink()


@pytest.mark.parametrize("current", [True, False])
def test_packed_after_it_was_read_is_not_read_again(tmp_path, current):
    path = tmp_path / "cap0"
    path.write_bytes(capture(*range(50)))

    def pack():
        (tmp_path / "cap0.gz").write_bytes(gzip.compress(path.read_bytes()))

    steps = [] if current else [grow(tmp_path / "cap1", capture(60))]
    run = Run(tmp_path).go(*steps, pack, path.unlink, grow(tmp_path / "cap2", capture(70)))
    assert sorted(run.numbers) == [*range(50), *([] if current else [60]), 70]
    assert run.follow.reasons == set()


def test_a_packed_file_that_is_new_is_read(tmp_path):
    run = Run(tmp_path).go(lambda: (tmp_path / "a.pcap.gz").write_bytes(gzip.compress(capture(1, 2))), lambda: None)
    assert run.numbers == [1, 2]


def test_a_file_that_cannot_be_opened_is_told_and_makes_the_report_incomplete(tmp_path, monkeypatch):
    place = followed.Place.open
    monkeypatch.setattr(followed.Place, "open", lambda self, name: place(self, name if name != "cap1.pcap" else "none"))
    (tmp_path / "cap0.pcap").write_bytes(capture(1))
    run = Run(tmp_path).go(grow(tmp_path / "cap1.pcap", capture(2)), grow(tmp_path / "cap2.pcap", capture(3)))
    assert run.numbers == [1, 3]
    assert [one.rpartition("/")[2] for one in run.follow.reasons] == ["cap1.pcap: no such file"]
    assert "file-unreadable" in run.kinds()


def test_another_device_number_after_a_reboot_is_the_same_file(tmp_path):
    path = tmp_path / "cap0"
    run = Run(tmp_path).go(grow(path, capture(0)))
    run.follow.files[0].number = (1, 2)
    grow(path, records(1))()
    rest = again(run, tmp_path).go(lambda: None)
    assert rest.numbers == [1]
    assert rest.follow.reasons == set()


def test_one_that_comes_back_is_not_read_again(tmp_path):
    path, away = tmp_path / "cap0", tmp_path.parent / f"{tmp_path.name}-away"
    path.write_bytes(capture(1, 2))

    def back():
        away.rename(path)

    run = Run(tmp_path).go(grow(tmp_path / "cap1", capture(3)), lambda: path.rename(away), lambda: None, back, grow(path, records(4)), *[lambda: None] * 9)
    assert sorted(run.numbers) == [1, 2, 3, 4]
    assert run.kinds().count("file-gone") == 1
    assert run.follow.reasons == set()


def test_a_folder_that_cannot_be_listed_for_a_moment_loses_and_repeats_nothing(tmp_path, monkeypatch):
    run = Run(tmp_path)
    (place,) = run.follow.places
    listed = place.files
    failing = iter([False] * 3 + [True] * 3)

    def files():
        if next(failing, False):
            raise OSError(24, "Too many open files")
        return listed()

    monkeypatch.setattr(place, "files", files)
    (tmp_path / "cap0").write_bytes(capture(1))
    run.go(grow(tmp_path / "cap1", capture(2)), *[grow(tmp_path / "cap1", records(number)) for number in range(3, 9)])
    assert run.numbers == list(range(1, 9))
    assert "file-gone" not in run.kinds()
    assert [one.rpartition(": ")[2] for one in run.follow.reasons] == ["Too many open files"]
