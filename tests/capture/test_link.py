"""What becomes of an interface."""

import pytest

from consul_sniff.capture import link
from consul_sniff.capture.link import Link, default_interface, loopback_index


def test_no_such_interface():
    with pytest.raises(OSError):  # noqa: PT011 - which one is the kernel's business
        Link("nosuch0")


def test_any_is_always_there():
    one = Link("any")
    assert one.look() == ("any", True)
    assert not one.loopback
    assert one.dropped() == 0
    one.close()


def test_loopback():
    one = Link("lo")
    assert one.loopback
    assert one.index == loopback_index()
    assert one.look()[0] == "lo"
    one.close()
    one.close()


def test_down_renamed_gone(lab):
    with lab.inside():
        one = Link("cs1")
    assert one.look() == ("cs1", True)
    assert not one.loopback
    lab.ip("link", "set", "cs1", "down")
    assert one.look() == ("cs1", False)
    lab.ip("link", "set", "cs1", "name", "other1")
    assert one.look() == ("other1", False)
    lab.ip("link", "del", "other1")
    assert one.look() == (None, False)
    assert one.dropped() == 0
    one.close()


def test_the_default_routes_interface(monkeypatch):
    tables = {
        "/proc/net/route": ["Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT", "eth1 0000000A 0 0001 0 0 0 000000FF 0 0 0",
                            "eth7 00000000 010200C0 0003 0 0 0 00000000 0 0 0"],
        "/proc/net/ipv6_route": [f"{'0' * 32} 00 {'0' * 32} 00 fe80 0 0 0 00200200 lo", f"{'0' * 32} 00 {'0' * 32} 00 fe80 0 0 0 00450003 eth9"],
    }
    monkeypatch.setattr(link, "_lines", lambda path: [line.split() for line in tables[path]])
    assert default_interface() == "eth7"
    tables["/proc/net/route"] = tables["/proc/net/route"][:2]
    assert default_interface() == "eth9"
    tables["/proc/net/ipv6_route"] = []
    assert default_interface() is None


def test_tables_that_are_not_there():
    assert link._lines("/proc/net/nosuch") == []


def test_the_interfaces_own_drops_are_counted_from_its_opening(lab, tmp_path):
    import os

    with lab.inside():
        one = Link("cs1")
    for fd in one._files:
        os.close(fd)
    counter = tmp_path / "rx_missed_errors"
    counter.write_text("100\n")
    one._files = [os.open(counter, os.O_RDONLY)]
    one._before = one._total()
    counter.write_text("142\n")
    assert one.dropped() == 42
    one.close()
