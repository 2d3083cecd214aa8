import json

import pytest

from consul_sniff.attribution import Profile, attribute
from consul_sniff.report import Writing
from consul_sniff.reporters.json_v1 import FORM, document, render, timestamp
from consul_sniff.reporters.look import Look

from ..attribution.test_strangers import named
from ..rolled import rolled

CAPTURE = "lab/plain-c1.pcap"


@pytest.mark.parametrize(("time", "text"), [
    (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456Z"),
    (1, "1970-01-01T00:00:00.000000Z"),
    (0, None),
    (10**30, "9999-12-31T23:59:59.000000Z"),
])
def test_times_are_rfc_3339_with_microseconds(time, text):
    assert timestamp(time) == text


def test_terminal_counters_add_up_to_the_packets(report_of):
    counters = document(report_of(CAPTURE), "1")["counters"]
    assert counters["packets"] > 400
    assert sum(counters["terminal"].values()) == counters["packets"]


def test_every_finding_that_a_control_names_is_there(report_of):
    made = document(report_of(CAPTURE), "1")
    ids = {finding["id"] for finding in made["findings"]}
    named = {one for control in made["controls"] for one in control["findings"]}
    assert named <= ids
    assert named


def test_the_same_report_is_the_same_text(report_of):
    report = report_of(CAPTURE)
    assert render(report, "1", Look()) == render(report, "1", Look(40, color=True))
    assert json.loads(render(report, "1", Look()))["tool"] == {"name": "consul-sniff", "version": "1"}


def test_a_hostile_name_is_escaped(report_of):
    report = report_of(CAPTURE)
    node = report.nodes[0]._replace(name="\x1b[2Jweb\u202e", version="\u009b1")
    made = document(report._replace(nodes=[node]), "1")
    assert made["nodes"][0]["name"] == "\\u{1b}[2Jweb\\u{202e}"
    assert made["nodes"][0]["version"] == "\\u{9b}1"


def test_keys_beside_the_contracts_stand_at_the_end(report_of):
    report = report_of("lab/plain-c1.pcap")._replace(beside=(("capture", {"received": 3}), ("sandbox", {"user": "nobody"})))
    made = document(report, "1")
    assert list(made)[-2:] == ["capture", "sandbox"]
    assert made["capture"] == {"received": 3}


def test_rows_that_write_themselves_are_written_as_others_are(report_of):
    rows = attribute(rolled(named().facts), Profile()).conversations
    report = report_of(CAPTURE)._replace(conversations=rows)
    assert isinstance(rows, Writing)
    assert [type(row) for row in rows.written(slice(0, len(rows)), FORM)].count(str) == 5
    assert render(report, "1", Look()) == render(report._replace(conversations=list(rows)), "1", Look())
