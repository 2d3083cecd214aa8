import pytest

from consul_sniff.matching.schema import Condition, signature
from consul_sniff.matching.yamlfile import Problems, Reader, compose
from consul_sniff.model import Confidence, Severity, Vote

GOOD = """\
id: sig
title: A title
status: stable
control: rpc-tls
vote: fail
severity: high
confidence: high
description: What it means.
remediation: What to do.
references: [https://example.org/]
match:
  protocol: consul-rpc
  kind: [yamux, mode]
  fields.mode|startswith: raft
  owner: consul
  loopback: false
reason: "{conversations:conversation}: {examples}"
tests:
  fires_on: [pcaps/a.pcap]
  silent_on: [pcaps/b.pcap]
"""


def parsed(text):
    problems = Problems()
    reader = Reader("s.yaml", problems)
    node = compose(text, reader)
    return (signature(node, "sig", "s.yaml", reader, ["rpc-tls", *(["sig"] if "control: sig" in text else [])]) if node else None), problems.lines


def test_a_good_signature():
    made, lines = parsed(GOOD)
    assert lines == []
    assert made.vote is Vote.FAIL
    assert made.severity is Severity.HIGH
    assert made.confidence is Confidence.HIGH
    assert made.match == ((
        Condition("protocol", "exact", ("consul-rpc",)),
        Condition("kind", "exact", ("yamux", "mode")),
        Condition("fields.mode", "startswith", ("raft",)),
        Condition("owner", "exact", ("consul",)),
        Condition("loopback", "exact", (False,)),
    ),)
    assert made.unless == ()
    assert made.fires_on == ("pcaps/a.pcap",)


def test_a_list_of_mappings_is_any_of_them():
    text = GOOD.replace("match:\n  protocol: consul-rpc\n  kind: [yamux, mode]\n  fields.mode|startswith: raft\n",
                        "match:\n- {protocol: raft, owner: consul, loopback: false}\n- protocol: consul-rpc\n")
    made, lines = parsed(text)
    assert lines == []
    assert [group[0].values for group in made.match] == [("raft",), ("consul-rpc",)]


@pytest.mark.parametrize(("old", "new", "line"), [
    ("id: sig", "id: other", 's.yaml:1: id: "other" is not the name of the file, "sig"'),
    ("control: rpc-tls", "control: sig", 's.yaml:1: id: "sig" is the id of a control'),
    ("title: A title\n", "", "s.yaml:1: title: is missing"),
    ("status: stable", "status: done", 's.yaml:3: status: "done" is not one of stable, experimental, deprecated'),
    ("control: rpc-tls", "control: rpc", 's.yaml:4: control: "rpc" is not one of rpc-tls'),
    ("vote: fail", "vote: fails", 's.yaml:5: vote: "fails" is not one of fail, warn, inconclusive, pass, note'),
    ("severity: high", "severity: medium", 's.yaml:6: severity: "medium" with vote "fail": expected high or critical'),
    ("vote: fail", "vote: warn", 's.yaml:6: severity: "high" with vote "warn": expected medium or low or info'),
    ("vote: fail", "vote: pass", 's.yaml:6: severity: "high" with vote "pass": expected info'),
    ("confidence: high", "confidence: sure", 's.yaml:7: confidence: "sure" is not one of high, medium, low'),
    ("https://example.org/", "http://example.org/", 's.yaml:10: references: "http://example.org/" does not begin with https://'),
    ("protocol: consul-rpc", "protocol: rpc", 's.yaml:12: match.protocol: "rpc" is not one of memberlist, consul-rpc'),
    ("[yamux, mode]", "[yamux, ping]", 's.yaml:13: match.kind: "ping" is not one of mode, yamux, request'),
    ("fields.mode|startswith", "fields.moode", "s.yaml:14: match.fields.moode: is no field of consul-rpc; known are fields.between, fields.error, fields.method, fields.mode"),
    ("fields.mode|startswith", "fields.mode|re", 's.yaml:14: match.fields.mode|re: "re" is no modifier; there are exact, in, not'),
    ("startswith: raft", "startswith: 3", "s.yaml:14: match.fields.mode|startswith: expected text"),
    ("owner: consul", "owner: mine", 's.yaml:15: match.owner: "mine" is not one of consul, other, unknown'),
    ("owner: consul", "channel: lan", 's.yaml:15: match.channel: "lan" is not one of gossip-lan, gossip-wan'),
    ("owner: consul", "port: 8300", "s.yaml:15: match.port: is no known field; known are protocol, kind"),
    ("  owner: consul\n", "", "s.yaml:11: match.owner: is missing with vote fail: say whose traffic"),
    ("  loopback: false\n", "", "s.yaml:11: match.loopback: is missing with vote fail: loopback-only traffic never fails"),
    ("loopback: false", "loopback: 0", 's.yaml:16: match.loopback: "0" is not one of true, false'),
    ("{examples}", "{example}", 's.yaml:17: reason: "{example}" is no placeholder; there are conversations'),
    ("{examples}", "{examples", "s.yaml:17: reason: a brace stands alone"),
    ("  silent_on: [pcaps/b.pcap]\n", "", "s.yaml:19: tests.silent_on: expected at least one capture, or a sentence under `untested`"),
    ("pcaps/a.pcap", "/etc/passwd", 's.yaml:19: tests: "/etc/passwd" is no path below the project'),
    ("pcaps/a.pcap", "pcaps/../../a", 's.yaml:19: tests: "pcaps/../../a" is no path below the project'),
    ("tests:", "extra: 1\ntests:", "s.yaml:18: extra: is no known key; known are confidence, control"),
    ("match:\n", "match: {}\nunless:\n", "s.yaml:11: match: is empty: it would match everything"),
    ("description: What it means.", "description: [a, b]", "s.yaml:8: description: expected text, not a list"),
    ("description: What it means.", 'description: ""', "s.yaml:8: description: expected text"),
])
def test_each_mistake_is_named_by_file_line_and_key(old, new, line):
    assert old in GOOD
    made, lines = parsed(GOOD.replace(old, new, 1))
    assert made is None
    assert any(found.startswith(line) for found in lines), lines


def test_all_mistakes_are_told_at_once():
    text = GOOD.replace("status: stable", "status: done").replace("owner: consul", "owner: me").replace("id: sig", "id: x")
    assert len(parsed(text)[1]) == 3


def test_a_sentence_may_stand_for_a_capture():
    text = GOOD.replace("  silent_on: [pcaps/b.pcap]\n", "  untested: nothing shows it\n")
    made, lines = parsed(text)
    assert lines == []
    assert made.untested == "nothing shows it"
