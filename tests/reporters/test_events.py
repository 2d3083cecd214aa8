"""What changed, and how a line says it."""

import json

import pytest

from consul_sniff.event import Event
from consul_sniff.model import Status
from consul_sniff.reporters.events import changes, last_line, line


@pytest.fixture
def report(report_of):
    return report_of("lab/plain-c1.pcap")


def test_at_first_all_is_new(report):
    told = list(changes(None, report))
    kinds = [kind for kind, _detail in told]
    assert kinds == sorted(kinds, key=["node-seen", "finding", "control-changed"].index)
    assert kinds.count("node-seen") == len(report.nodes) > 0
    assert kinds.count("finding") == len(report.findings) > 0
    observed = [one for one in report.controls if one.status is not Status.NOT_OBSERVED]
    assert kinds.count("control-changed") == len(observed) > 0
    gossip = next(detail for kind, detail in told if kind == "control-changed" and detail["id"] == "gossip-encryption")
    assert (gossip["before"], gossip["status"]) == (None, "fail")


def test_the_same_again_is_no_news(report):
    assert list(changes(report, report)) == []


def test_more_packets_are_no_news(report):
    more = [one._replace(gossip_plaintext=one.gossip_plaintext + 1) for one in report.nodes]
    found = [one._replace(count=one.count + 1, last=one.last + 1) for one in report.findings]
    assert list(changes(report, report._replace(nodes=more, findings=found))) == []


def test_what_is_news(report):
    first, *others = report.nodes
    after = report._replace(nodes=[first._replace(gossip="mixed", gossip_encrypted=9), *others],
                            controls=[one._replace(status=Status.PASS, reason="ok\x1b[2J") if one.id == "gossip-encryption" else one
                                      for one in report.controls])
    (kind, node), (other, control) = changes(report, after)
    assert (kind, node) == ("node-changed", {"address": first.address, "name": first.name, "changed": {"gossip": [first.gossip, "mixed"]}})
    assert (other, control["before"], control["status"]) == ("control-changed", "fail", "pass")
    assert "\x1b" not in control["reason"]


def test_a_line(report):
    text = line(Event(1_700_000_000_123_456_789, "interface-down", {"interface": "eth0"}))
    assert text == '{"time":"2023-11-14T22:13:20.123456Z","event":"interface-down","interface":"eth0"}\n'
    last = last_line(report, "1.2", 1_700_000_000_000_000_000)
    assert last.count("\n") == 1
    assert json.loads(last)["report"]["schema"] == "consul-sniff/report/v1"
