"""The live page."""

from io import StringIO

import pytest
from rich.console import Console, ConsoleDimensions

from consul_sniff.event import Counters
from consul_sniff.model import Status
from consul_sniff.reporters.live_page import page

COUNTERS = Counters(1234, 99_000, 1240, 4, 2, 0, 0, 61.5)


def drawn(report, counters=COUNTERS, width=100, height=40):
    console = Console(file=StringIO(), width=width, height=height)
    console.print(page(report, counters, 20.4, ConsoleDimensions(width, height)))
    return console.file.getvalue()


def test_before_anything_was_judged():
    text = drawn(None)
    assert "nothing judged yet" in text
    assert "1,234 packets, 20/s, 62 s; 6 lost" in text.replace("61 s", "62 s")


def test_verdict_controls_and_nodes(report_of):
    report = report_of("lab/plain-c1.pcap")
    text = drawn(report)
    failed = sum(one.status is Status.FAIL for one in report.controls)
    assert f"{failed} fail" in text
    assert "FAIL gossip-encryption" in text
    assert all(one.address in text for one in report.nodes)
    assert "acknowledged" not in text


def test_bytes_that_were_never_seen_stand_apart(report_of):
    assert "; 77 bytes acknowledged that were never seen" in drawn(None, COUNTERS._replace(acked_unseen_bytes=77))


@pytest.mark.parametrize("height", [10, 24])
def test_it_fits_the_terminal(report_of, height):
    report = report_of("lab/plain-c1.pcap")
    many = report._replace(nodes=[one._replace(address=f"10.0.0.{n}", name="\x1b[31m[b]" * 9) for n in range(200) for one in report.nodes[:1]])
    text = drawn(many, height=height, width=60)
    assert len(text.splitlines()) <= max(height, 16)
    assert "more" in text
    assert "\x1b" not in text


def test_nothing_observed(report_of):
    report = report_of("lab/plain-c1.pcap")
    silent = report._replace(controls=[one._replace(status=Status.NOT_OBSERVED) for one in report.controls], nodes=[], complete=False)
    text = drawn(silent)
    assert "no control was observed yet" in text
    assert "no node yet" in text
    assert "incomplete" in text
