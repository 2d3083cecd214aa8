"""Files that grow, rotate, are written over, cut, renamed, packed: each record is read once."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import suppress

import pytest

from consul_sniff.capture import Follow, follow, sources, visit
from consul_sniff.errors import CaptureError, Interrupted, UsageError

from .made import MODIFIED, enhanced, interface, option, pcap_header, record, section
from .walker import read, walk

ROTATED = b"\0" * 40


def packet(number):
    return number.to_bytes(8, "big") + ROTATED


def records(*numbers):
    return b"".join(record(packet(number), seconds=1_000 + number) for number in numbers)


def capture(*numbers):
    return pcap_header() + records(*numbers)


class Run:
    """Follows, and does the next step of a script each time that it waited long enough for a look to see the last one."""

    def __init__(self, *paths, bpf=None, limit=0):
        self.follow = Follow([str(path) for path in paths], bpf=bpf)
        self.follow.limit = limit
        self.got, self.happened, self.rows = [], [], []
        self.waits = 0

    def go(self, *steps, patience=2 * follow.LOOK_EVERY):
        """Every step is a function; after the last one it ends."""
        todo = iter(steps)

        def wait():
            self.waits += 1
            self.happened += self.follow.check()
            if self.waits % patience:
                return False
            step = next(todo, None)
            if step is None:
                return True
            step()
            return False

        self.follow.wait = wait
        with suppress(Interrupted):
            for one in self.follow:
                one.wait = wait
                self.read(one)
        self.follow.finish()
        self.happened += self.follow.check()
        return self

    def read(self, one):
        if all(row is not one.facts for row in self.rows):
            self.rows.append(one.facts)
        for block in one:
            for got in walk(block):
                self.got.append((one.path.rpartition("/")[2], int.from_bytes(got.data[:8], "big")))
                one.facts.packets += 1

    def saved(self):
        return json.loads(json.dumps(self.follow.saved(self.rows)))

    @property
    def numbers(self):
        return [number for _name, number in self.got]

    def kinds(self):
        return [one.what for one in self.happened]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(visit, "POLL_SECONDS", 0)
    monkeypatch.setattr(follow, "POLL_SECONDS", 0)


def grow(path, data):
    """A step: so much more of the file."""

    def step():
        with path.open("ab") as file:
            file.write(data)

    return step


@pytest.mark.parametrize("size", [1, 7, 16, 17, 63, 64, 65, 200])
def test_half_a_record_waits_for_its_rest(tmp_path, size):
    path, data = tmp_path / "a.pcap", capture(*range(8))
    run = Run(path).go(*(grow(path, data[at:at + size]) for at in range(0, len(data), size)))
    assert run.numbers == list(range(8))
    assert [row.error for row in run.rows] == [None]
    assert run.follow.behind() == set()


def ng(*numbers):
    return b"".join(enhanced(packet(number), number * 1_000_000) for number in numbers)


@pytest.mark.parametrize("size", [11, 40, 333])
def test_pcapng_too_with_an_interface_that_comes_late(tmp_path, size):
    path = tmp_path / "a.pcapng"
    data = section() + interface() + ng(0, 1) + interface(link=101) + enhanced(packet(2), number=1) + section(">") + interface(">") + enhanced(packet(3), order=">")
    run = Run(path).go(*(grow(path, data[at:at + size]) for at in range(0, len(data), size)))
    assert run.numbers == [0, 1, 2, 3]
    assert run.rows[0].link_types == ("EN10MB", "RAW")


def test_a_file_that_is_not_there_yet(tmp_path):
    path = tmp_path / "late.pcap"
    run = Run(path).go(grow(path, capture(1)), grow(path, records(2)))
    assert run.numbers == [1, 2]
    assert run.kinds() == ["file-awaited", "file-new"]


def test_what_is_no_capture_is_told_at_once(tmp_path):
    (tmp_path / "a.txt").write_text("hello, this is some text and more of it")
    with pytest.raises(CaptureError, match=r'a\.txt: not a capture: begins with "hello, this is s"'):
        Run(tmp_path / "a.txt").go()
    with pytest.raises(CaptureError, match=r"a\.pcap: no such file"):
        Run(tmp_path / "none" / "a.pcap")
    with pytest.raises(UsageError):
        Run(tmp_path, bpf="port of call")


def test_a_folder_is_read_in_the_order_of_its_writing(tmp_path):
    for number, name in enumerate(["cap2", "cap10", "cap0"]):
        (tmp_path / name).write_bytes(capture(number))
        os.utime(tmp_path / name, ns=(10**18 + number, 10**18 + number))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "cap3").write_bytes(capture(9))
    (tmp_path / "notes.txt").write_text("no capture")
    (tmp_path / ".hidden.pcap").write_bytes(capture(77))
    os.mkfifo(tmp_path / "pipe.pcap")
    run = Run(tmp_path).go()
    assert run.got == [("cap2", 0), ("cap10", 1), ("cap0", 2), ("cap3", 9)]


def test_a_rotation_each_file_once(tmp_path):
    paths = [tmp_path / f"cap{number}" for number in range(4)]
    steps = [step for at, path in enumerate(paths)
             for step in (grow(path, b""), grow(path, capture(10 * at)), grow(path, records(10 * at + 1)[:30]), grow(path, records(10 * at + 1)[30:]))]
    run = Run(tmp_path).go(*steps)
    assert run.numbers == [0, 1, 10, 11, 20, 21, 30, 31]
    assert [one.facts.path.rpartition("/")[2] for one in run.follow.files] == ["cap0", "cap1", "cap2", "cap3"]
    assert run.kinds() == ["file-awaited"] + ["file-new"] * 4
    assert run.follow.reasons == set()


def test_all_of_it_between_two_looks(tmp_path):
    """A file is finished and the next two are there before anybody looks."""

    def burst():
        with (tmp_path / "cap0").open("ab") as file:
            file.write(records(2, 3))
        (tmp_path / "cap1").write_bytes(capture(4, 5))
        (tmp_path / "cap2").write_bytes(capture(6))

    (tmp_path / "cap0").write_bytes(capture(1))
    assert Run(tmp_path).go(burst).numbers == [1, 2, 3, 4, 5, 6]


def test_a_ring_writes_the_oldest_over(tmp_path):
    paths = [tmp_path / f"cap{number}" for number in range(3)]

    def over(path, data):
        return lambda: path.write_bytes(data)  # the same inode, as tcpdump -W does it

    steps = [over(paths[at % 3], capture(at, 100 + at)) for at in range(8)]
    run = Run(tmp_path).go(*steps)
    assert run.numbers == [number for at in range(8) for number in (at, 100 + at)]
    assert run.kinds().count("file-overwritten") == 5
    assert len(run.rows) == 8
    assert run.follow.reasons == set()
    assert all(row.packets == 2 for row in run.rows)


def test_emptied_first_and_filled_later_as_a_ring_does(tmp_path):
    old, new = tmp_path / "cap0", tmp_path / "cap1"
    old.write_bytes(capture(1, 2))
    run = Run(tmp_path).go(grow(new, capture(3)), lambda: old.write_bytes(b""), grow(new, records(4)), grow(old, capture(5)))
    assert run.numbers == [1, 2, 3, 4, 5]
    assert run.kinds()[2:] == ["file-overwritten"]


def test_written_over_while_it_is_the_one_that_is_read_loses_perhaps_something_and_says_so(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1, 2))
    run = Run(path).go(lambda: path.write_bytes(capture(8, 9)))
    assert run.numbers == [1, 2, 8, 9]
    assert [one.rpartition("/")[2] for one in run.follow.reasons] == ["a.pcap was written over while it was written to: what came after byte 152, if anything, was not read"]
    assert run.follow.notes == {"files-missed": 1}


@pytest.mark.parametrize("cut", [60, 100])
def test_a_file_that_is_cut(tmp_path, cut):
    path, other = tmp_path / "cap0", tmp_path / "cap1"
    path.write_bytes(capture(1, 2))
    run = Run(tmp_path).go(grow(other, capture(3)), lambda: os.truncate(path, cut), grow(other, records(4)))
    assert run.numbers == [1, 2, 3, 4]
    assert run.kinds()[-1] == "file-truncated"
    assert run.rows[0].error.endswith(f"cap0 was cut to {cut} bytes after 152 had been read; nothing more of it is read")


def test_one_that_is_cut_while_it_is_read(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1, 2))
    run = Run(path).go(lambda: os.truncate(path, 70), grow(path, records(3)))
    assert run.numbers == [1, 2]
    assert run.rows[0].error.endswith("a.pcap was cut to 70 bytes after 152 had been read; nothing more of it is read")
    assert again(run, path).go().numbers == []


def test_a_file_that_is_emptied_and_stays_so(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1))
    run = Run(path).go(lambda: path.write_bytes(b""), *[lambda: None] * follow.EMPTY_LOOKS)
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


def test_two_files_that_grow_at_once_are_read_by_turns(tmp_path):
    one, two = tmp_path / "eth0.pcap", tmp_path / "eth1.pcap"
    one.write_bytes(capture(0))
    two.write_bytes(capture(1000))
    steps = [grow(path, records(base + at)) for at in range(1, 20) for base, path in ((0, one), (1000, two))]
    run = Run(tmp_path).go(*steps, *[lambda: None] * 30)
    assert sorted(run.numbers) == [*range(20), *range(1000, 1020)]
    assert [number for name, number in run.got if name == "eth0.pcap"] == list(range(20))
    assert len(run.rows) == 2


def test_half_a_record_at_the_end_of_a_finished_file_is_an_error_until_its_rest_comes(tmp_path):
    one, two = tmp_path / "cap0", tmp_path / "cap1"
    one.write_bytes(capture(1, 2)[:-5])
    two.write_bytes(capture(3))
    os.utime(one, ns=(10**18, 10**18))
    run = Run(tmp_path).go()
    assert run.numbers == [1, 3]
    assert "cap0: ends inside a packet record at byte 88" in run.rows[0].error
    run = Run(tmp_path).go(grow(one, capture(1, 2)[-5:]), *[lambda: None] * 5)
    assert sorted(run.numbers) == [1, 2, 3]
    assert run.rows[0].error is None


def test_damage_ends_a_file_and_not_the_run(tmp_path):
    (tmp_path / "cap0").write_bytes(capture(1) + b"\xff" * 40)
    run = Run(tmp_path).go(grow(tmp_path / "cap1", capture(2)), grow(tmp_path / "cap0", records(3)))
    assert run.numbers == [1, 2]
    assert "damaged at byte 88" in run.rows[0].error


def test_a_file_that_cannot_be_opened_is_told_and_makes_the_report_incomplete(tmp_path, monkeypatch):
    place = follow.Place.open
    monkeypatch.setattr(follow.Place, "open", lambda self, name: place(self, name if name != "cap1.pcap" else "none"))
    (tmp_path / "cap0.pcap").write_bytes(capture(1))
    run = Run(tmp_path).go(grow(tmp_path / "cap1.pcap", capture(2)), grow(tmp_path / "cap2.pcap", capture(3)))
    assert run.numbers == [1, 3]
    assert [one.rpartition("/")[2] for one in run.follow.reasons] == ["cap1.pcap: no such file"]
    assert "file-unreadable" in run.kinds()


def test_a_count_ends_it_at_that_packet(tmp_path):
    (tmp_path / "cap0").write_bytes(capture(1, 2, 3))
    (tmp_path / "cap1").write_bytes(section() + interface() + ng(4, 5) + interface() + ng(6, 7, 8))
    os.utime(tmp_path / "cap0", ns=(10**18, 10**18))
    for limit in range(1, 9):
        run = Run(tmp_path, limit=limit).go(lambda: None, lambda: None)
        assert run.numbers == [1, 2, 3, 4, 5, 6, 7, 8][:limit]
    assert run.follow.behind() == set()


# --- surviving a restart --------------------------------------------------------------------------------------------


def again(run, *paths):
    """A run that goes on where that one was, as far as it had saved."""
    after = Run(*paths)
    saved = run.saved()
    after.rows = run.rows
    after.follow.restore(saved, after.rows)
    return after


PCAP = capture(*range(6))
PCAPNG = section() + interface(options=option(9, b"\x09")) + ng(0, 1, 2) + interface(link=101) + enhanced(packet(3), number=1) + ng(4, 5)
ODD = pcap_header(magic=MODIFIED) + b"".join(record(packet(number), seconds=number, extra=bytes(8)) for number in range(6))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("data", [PCAP, PCAPNG, ODD], ids=["pcap", "pcapng", "odd"])
def test_stopped_anywhere_and_begun_again_every_record_is_read_once(tmp_path, data, pack):
    path = tmp_path / "a.pcap"
    path.write_bytes(pack(data))
    (whole,) = sources([path])
    expected = [one.time for one in read(whole)]
    for stop in range(1, 6):
        run = Run(path, limit=stop).go(lambda: None, lambda: None)
        rest = again(run, path).go(lambda: None)
        assert run.numbers + rest.numbers == list(range(6)), stop
        assert rest.rows[0].packets == 6
    assert len(expected) == 6


def test_stopped_inside_a_record_that_is_whole_by_then(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(PCAP[:200])
    run = Run(path).go()
    path.write_bytes(PCAP)
    rest = again(run, path).go()
    assert run.numbers + rest.numbers == list(range(6))
    assert rest.kinds() == []


def test_between_two_runs_the_ring_went_on(tmp_path):
    paths = [tmp_path / f"cap{number}" for number in range(3)]
    run = Run(tmp_path).go(grow(paths[0], capture(0)), grow(paths[1], capture(1)))
    grow(paths[1], records(11))()
    grow(paths[2], capture(2))()
    paths[0].write_bytes(capture(3))
    rest = again(run, tmp_path).go(lambda: None)
    assert rest.numbers == [11, 2, 3]
    assert rest.kinds() == ["file-new", "file-overwritten"]
    assert rest.follow.reasons == set()


def test_and_went_on_past_what_was_being_read(tmp_path):
    path = tmp_path / "cap0"
    run = Run(tmp_path).go(grow(path, capture(0)))
    path.write_bytes(capture(5))
    rest = again(run, tmp_path).go(lambda: None)
    assert rest.numbers == [5]
    assert len(rest.follow.reasons) == 1
    path.unlink()
    gone = again(run, tmp_path).go(lambda: None)
    assert "cap0 went away while it was written to: what came after byte 88" in next(iter(gone.follow.reasons))


def test_another_device_number_after_a_reboot_is_the_same_file(tmp_path):
    path = tmp_path / "cap0"
    run = Run(tmp_path).go(grow(path, capture(0)))
    run.follow.files[0].number = (1, 2)
    grow(path, records(1))()
    rest = again(run, tmp_path).go(lambda: None)
    assert rest.numbers == [1]
    assert rest.follow.reasons == set()


@pytest.mark.parametrize("change", [{"place": 7}, {"input": 9}, {"name": "../x", "position": -1}, {"layout": {"order": "!"}}, {"layout": {"header": "00"}},
                                    {"head": None}, {"number": [1]}])
def test_a_state_that_is_none(tmp_path, change):
    run = Run(tmp_path).go(grow(tmp_path / "cap0", capture(0)))
    saved = run.saved()
    saved[0].update(change)
    with pytest.raises((ValueError, TypeError, LookupError, CaptureError)):
        Run(tmp_path).follow.restore(saved, run.rows)
