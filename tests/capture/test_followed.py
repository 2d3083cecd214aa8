"""Which file is which."""

from __future__ import annotations

import os

import pytest

from consul_sniff.capture.followed import Head, Place, is_capture
from consul_sniff.errors import CaptureError

from .following import Run, capture, grow, ng
from .made import interface, section


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


@pytest.mark.parametrize("change", [{"place": 7}, {"input": 9}, {"name": "../x", "position": -1}, {"layout": {"order": "!"}}, {"layout": {"header": "00"}},
                                    {"head": None}, {"number": [1]}])
def test_a_state_that_is_none(tmp_path, change):
    run = Run(tmp_path).go(grow(tmp_path / "cap0", capture(0)))
    saved = run.saved()
    saved[0].update(change)
    with pytest.raises((ValueError, TypeError, LookupError, CaptureError)):
        Run(tmp_path).follow.restore(saved, run.rows)


def test_a_head_is_that_of_the_file_that_grew_from_it():
    data = capture(1, 2, 3)
    head = Head.of(data[:100])
    assert head.begins(data)
    assert not head.begins(capture(1, 3, 3))
    assert not head.begins(capture(7, 2, 3))


def test_a_pcap_that_was_cut_is_known_by_its_first_packets_time_and_one_that_begins_anew_is_not():
    head = Head.of(capture(1, 2, 3))
    assert head.begins(capture(1, 2)[:50])
    assert not head.begins(capture(4)[:50])
    assert not head.begins(capture(1)[:30])
    assert not Head.of(section() + interface() + ng(1)).begins(section() + interface())


def test_what_a_capture_may_begin_with_is_none_yet():
    assert not is_capture(capture(1)[:23])
    assert is_capture(capture(1)[:24])
    assert not is_capture(b"some text that is longer than a header")


def test_a_place_is_a_folder_or_one_file_in_it_and_stays_the_same_when_it_is_renamed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.pcap").write_bytes(capture(1))
    (tmp_path / "a" / "link.pcap").symlink_to("x.pcap")
    (tmp_path / "a" / "out").symlink_to("/usr")
    folder, one = Place(str(tmp_path / "a")), Place(str(tmp_path / "a" / "x.pcap"))
    (tmp_path / "a").rename(tmp_path / "b")
    assert sorted(seen.name for seen in folder.files()) == ["link.pcap", "x.pcap"]
    assert [seen.name for seen in one.files()] == ["x.pcap"]
    assert folder.path("x.pcap") == str(tmp_path / "a" / "x.pcap")
    os.close(folder.open("x.pcap"))
    for place in (folder, one):
        place.close()
