"""Where the news go."""

import json

import pytest

from consul_sniff.cli.live_out import Lines, Notices, Page, ReportFile, UntilFail
from consul_sniff.event import Counters, Event
from consul_sniff.hardening import OutputDir
from consul_sniff.model import Status

DOWN = Event(10**18, "interface-down", {"interface": "eth0", "summary": "eth0 went down"})


@pytest.fixture
def report(report_of):
    return report_of("lab/plain-c1.pcap")


def test_lines_come_at_once(capsysbinary, report):
    lines = Lines(lambda: 10**18)
    lines.event(DOWN)
    assert json.loads(capsysbinary.readouterr().out)["interface"] == "eth0"
    lines.report(report, final=True)
    assert capsysbinary.readouterr().out == b""
    lines.end(report)
    assert json.loads(capsysbinary.readouterr().out)["event"] == "report"


def test_notices_are_of_the_capture_alone(capsys):
    notices = Notices()
    notices.event(DOWN)
    notices.event(Event(1, "suspended", {"seconds": 7.5}))
    notices.event(Event(1, "stats", {"seconds": 7.5}))
    notices.event(Event(1, "finding", {"id": "x"}))
    assert capsys.readouterr().err == "consul-sniff: eth0 went down\nconsul-sniff: suspended by 7.5 seconds\n"


def test_the_report_file(tmp_path, report):
    with OutputDir.open(tmp_path) as folder:
        file = ReportFile(folder, "report.json", "json")
        file.write()
        assert list(tmp_path.iterdir()) == []
        file.report(report, final=False)
        file.write()
        assert json.loads((tmp_path / "report.json").read_text())["exit"]["code"] == report.exit_code
        file.write(report._replace(exit_code=130))
        assert json.loads((tmp_path / "report.json").read_text())["exit"]["code"] == 130


def test_until_the_first_fail(report):
    stopped = []
    until = UntilFail(lambda: stopped.append(1))
    until.report(report._replace(controls=[one for one in report.controls if one.status is not Status.FAIL]), final=False)
    assert stopped == []
    until.report(report, final=False)
    assert stopped


def test_the_page_shows_rates(capsys, report, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    now = [Counters(100, 9, 100, 0, 0, 0, 0, 10.0)]
    page = Page(lambda: now[0])
    page.report(report, final=False)
    now[0] = now[0]._replace(packets=300, seconds=11.0)
    page.draw()
    page.report(report, final=True)
    page.close()
    assert page._last.packets == 300
    assert "gossip-encryption" in capsys.readouterr().out
