"""Files that rotate, are written over, grow at once: each record is read once."""

from __future__ import annotations

import os

from .following import Run, again, capture, grow, ng, records
from .made import interface, section


def test_a_file_that_is_not_there_yet(tmp_path):
    path = tmp_path / "late.pcap"
    run = Run(path).go(grow(path, capture(1)), grow(path, records(2)))
    assert run.numbers == [1, 2]
    assert run.kinds() == ["file-awaited", "file-new"]


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


def test_written_over_while_it_is_the_one_that_is_read_loses_perhaps_something_and_says_so(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1, 2))
    run = Run(path).go(lambda: path.write_bytes(capture(8, 9)))
    assert run.numbers == [1, 2, 8, 9]
    assert [one.rpartition("/")[2] for one in run.follow.reasons] == ["a.pcap was written over while it was written to: what came after byte 152, if anything, was not read"]
    assert run.follow.notes == {"files-missed": 1}


def test_two_files_that_grow_at_once_are_read_by_turns(tmp_path):
    one, two = tmp_path / "eth0.pcap", tmp_path / "eth1.pcap"
    one.write_bytes(capture(0))
    two.write_bytes(capture(1000))
    steps = [grow(path, records(base + at)) for at in range(1, 20) for base, path in ((0, one), (1000, two))]
    run = Run(tmp_path).go(*steps, *[lambda: None] * 30)
    assert sorted(run.numbers) == [*range(20), *range(1000, 1020)]
    assert [number for name, number in run.got if name == "eth0.pcap"] == list(range(20))
    assert len(run.rows) == 2


def test_a_count_ends_it_at_that_packet(tmp_path):
    (tmp_path / "cap0").write_bytes(capture(1, 2, 3))
    (tmp_path / "cap1").write_bytes(section() + interface() + ng(4, 5) + interface() + ng(6, 7, 8))
    os.utime(tmp_path / "cap0", ns=(10**18, 10**18))
    for limit in range(1, 9):
        run = Run(tmp_path, limit=limit).go(lambda: None, lambda: None)
        assert run.numbers == [1, 2, 3, 4, 5, 6, 7, 8][:limit]
    assert run.follow.behind() == set()


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
