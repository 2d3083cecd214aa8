"""The terminal report as a person reads it."""

import re

import pytest

from consul_sniff.model import Status
from consul_sniff.reporters.look import Look
from consul_sniff.reporters.terminal import render

CAPTURE = "lab/plain-c1.pcap"


def screen(report, width=100, *, color=False):
    return render(report, "1", Look(width, color))


def test_the_verdict_comes_first_and_names_the_failing_controls(report_of):
    report = report_of(CAPTURE)
    lines = screen(report, 140).splitlines()
    verdict = next(line for line in lines if line.startswith("FAIL"))
    assert lines.index(verdict) <= 2
    failing = [control.id for control in report.controls if control.status is Status.FAIL]
    assert "gossip-encryption" in failing
    text = " ".join(screen(report).split())
    for control in failing:
        assert control in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_no_line_is_wider_than_the_terminal(report_of, width):
    for line in screen(report_of(CAPTURE), width).splitlines():
        assert len(line) <= width


def test_without_colour_there_is_no_escape_and_every_word_stays(report_of):
    report = report_of(CAPTURE)
    plain, coloured = screen(report), screen(report, color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_every_control_is_named(report_of):
    report = report_of("lab/secure-c1.pcap")
    text = screen(report)
    for control in report.controls:
        assert control.id in text


def test_silence_is_no_pass(report_of):
    text = screen(report_of("envoy_admin/refused.pcap"))
    assert "had no traffic here: that is no pass" in " ".join(text.split())


def test_a_capture_that_shows_no_control_anything_has_no_verdict(report_of):
    lines = screen(report_of("vault/plaintext-ca.pcap"), 140).splitlines()
    assert any(line.startswith("NO VERDICT") for line in lines[:4])
    assert not any(line.startswith("PASS") for line in lines)


def test_a_name_is_never_taken_as_markup_or_escape(report_of):
    report = report_of(CAPTURE)
    node = report.nodes[0]._replace(name="[bold]x[/nope]\x1b[31m")
    text = screen(report._replace(nodes=[node]))
    assert "[bold]x[/nope]\\u{1b}[31m" in text
    assert "\x1b" not in text


def test_each_finding_says_which_packets_and_what_to_do(report_of):
    text = screen(report_of(CAPTURE), 140)
    assert re.search(r"10\.77\.0\.\d+ -> 10\.77\.0\.\d+ udp/8301  [\d,]+ times, packets \d+", text)
    assert "Do: " in text
