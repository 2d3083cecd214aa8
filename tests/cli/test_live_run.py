"""A live run's own decisions; what it does as a whole is in test_live.py."""

import json
import subprocess
import sys

import pytest

from consul_sniff.capture import link
from consul_sniff.cli.live_options import Choices
from consul_sniff.cli.live_run import Run
from consul_sniff.errors import CaptureError

from .terminal import on_a_terminal

CHOICES = Choices((), False, 0.0, 0, False, 0.0, 1, "json", None, "nobody", False)


def named(monkeypatch, default, choices=CHOICES):
    monkeypatch.setattr(link, "default_interface", lambda: default)
    run = Run.__new__(Run)
    run.choices = choices
    return run._names()


def test_the_default_interface_is_said(monkeypatch):
    names, why = named(monkeypatch, "eth3")
    assert names == ("eth3",)
    assert "default route" in why
    assert named(monkeypatch, "eth3", CHOICES._replace(interfaces=("a", "b"))) == (("a", "b"), "")


def test_no_default_route(monkeypatch):
    with pytest.raises(CaptureError, match="no interface has a default route: name one"):
        named(monkeypatch, None)


def test_a_page_on_a_terminal_and_the_report_after_it(lab, pcaps):
    def replay(process):
        assert b"capturing on cs1 (EN10MB)" in process.stderr.readline()
        lab.replay(pcaps / "lab" / "plain-c1.pcap", 20)

    code, page, report = on_a_terminal("live", "-i", "cs1", "--duration", "4", folder=lab.folder, before=("ip", "netns", "exec", lab.name),
                                       meanwhile=replay)
    assert code == 1
    assert b"packets, " in page
    assert b"gossip-encryption" in page
    assert b"Exit code 1: " in report


def test_what_the_reports_key_says(lab):
    run = lab.live("--format", "json", "--duration", "0.2")
    assert run.end(None)[0] == 4
    report = json.loads(run.out.read_bytes())
    assert set(report["capture"]) >= {"received", "decoded", "dropped", "interface_dropped", "unread", "acked_unseen_bytes"}
    assert all(set(one) == {"name", "state", "detail"} for one in report["sandbox"]["mechanisms"])
    assert report["input"][0]["path"] == "cs1"


class Extra:
    """Hears, taps, writes, listens."""

    directory, listens = None, True

    def __init__(self, who):
        self.did = []

    def event(self, event):
        self.did.append(event.kind)

    def report(self, report, *, final):
        self.did.append("report")

    def records(self, block, input_, first_frame):
        self.did.append("records")

    def learnt(self, facts):
        self.did.append("learnt")

    def start(self, watch):
        self.did.append("start")

    def reopen(self):
        self.did.append("reopen")

    def close(self):
        self.did.append("close")


EXTRA = """
import sys
from consul_sniff.capture.live import Wanted
from consul_sniff.cli.live_run import Run
from consul_sniff.pipeline import Options
from tests.cli.test_live_run import CHOICES, Extra
with Run(CHOICES._replace(stream=True, user=None, quiet=True, format="json"), Wanted(), Options(), [Extra]) as run:
    run._reopen()
    run.report()
sys.stderr.write(" ".join(dict.fromkeys(run.extras[0].did)))
"""


class Amending(Extra):
    """Has something to say in the last report."""

    def amend(self, report):
        return report._replace(exit_code=3, exit_reason="amended")


def test_an_extra_may_amend_the_last_report(pcaps):
    words = EXTRA.replace("CHOICES, Extra", "CHOICES, Amending as Extra").replace('" ".join(dict.fromkeys(run.extras[0].did))', '""')
    done = subprocess.run([sys.executable, "-c", words], input=(pcaps / "lab" / "plain-c1.pcap").read_bytes(), capture_output=True,
                          cwd=pcaps.parent, check=False, timeout=60)
    assert json.loads(done.stdout)["exit"] == {"code": 3, "reason": "amended"}


def test_extras_hear_everything_in_their_order(pcaps):
    done = subprocess.run([sys.executable, "-c", EXTRA], input=(pcaps / "lab" / "plain-c1.pcap").read_bytes(), capture_output=True,
                          cwd=pcaps.parent, check=False, timeout=60)
    assert done.stderr.decode().split() == ["reopen", "start", "records", "stats", "learnt", "node-seen", "finding", "control-changed", "report", "close"]
