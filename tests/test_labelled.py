"""Held against labelled captures of real clusters, where they lie beside this checkout."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import consul_sniff
from consul_sniff.model import Severity, Status

ROOT = Path(__file__).parent.parent
PCAPS = ROOT / "pcaps"
LABELLED = ROOT.parent / "shared/captures"
TOOL = ROOT.parent / "shared/tools/check_captures.py"
CAPTURES = sorted(p for p in PCAPS.rglob("*.pcap"))


@pytest.mark.slow
@pytest.mark.skipif(not TOOL.exists(), reason=f"no labelled captures at {TOOL.parent.parent}")
def test_every_label_agrees():
    done = subprocess.run([sys.executable, TOOL, LABELLED, "-c", f"{sys.executable} -m consul_sniff"], capture_output=True, text=True,
                          timeout=900, check=False)
    assert re.search(r"^\d+ captures, \d+ facts: \d+ agree, 0 differ$", done.stdout, re.MULTILINE), done.stdout[-3000:]


def frames(path):
    """Each packet's addresses, read by nothing of ours: Ethernet, IPv4 and IPv6 only."""
    data, at, found = path.read_bytes(), 24, {}
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        packet = data[at + 16:at + 16 + size]
        if packet[12:14] == b"\x08\x00":
            found[len(found) + 1] = {".".join(map(str, packet[26:30])), ".".join(map(str, packet[30:34]))}
        elif packet[12:14] == b"\x86\xdd":
            import ipaddress

            found[len(found) + 1] = {str(ipaddress.IPv6Address(packet[22:38])), str(ipaddress.IPv6Address(packet[38:54]))}
        else:
            found[len(found) + 1] = set()
        at += 16 + size
    return found


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_proving_packet_is_between_the_two_that_the_finding_names(capture, report_of):
    report = report_of(str(capture.relative_to(PCAPS)))
    packets = frames(capture)
    for row in (*report.findings, *report.exposures):
        assert row.evidence, row
        assert len({e.frame for e in row.evidence}) == len(row.evidence), row
        for one in row.evidence:
            hosts = packets[one.frame]
            if getattr(row, "signature", "").endswith("-tag"):  # about a member, by whoever told of it
                assert len(hosts) == 2
            else:
                assert hosts == {row.source, row.destination}, (row, one)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_holds_of_every_report(capture, report_of):
    report = report_of(str(capture.relative_to(PCAPS)))
    assert sum(report.counters.values()) == sum(one.packets for one in report.inputs)
    assert not [note for note in report.notes if note.startswith("internal error")]
    severities = {}
    for finding in report.findings:
        severities.setdefault(finding.control, set()).add(finding.severity)
    for control in report.controls:
        seen = severities.get(control.id, set())
        if control.status is Status.FAIL:
            assert seen & {Severity.HIGH, Severity.CRITICAL}
        elif control.status is Status.WARN:
            assert not seen & {Severity.HIGH, Severity.CRITICAL}
        else:
            assert seen <= {Severity.INFO}
    assert (report.exit_code == 1) == any(c.status is Status.FAIL for c in report.controls)


def test_several_inputs_count_all_their_packets():
    report = consul_sniff.analyze([PCAPS / "memberlist", PCAPS / "dns"])
    assert len(report.inputs) > 5
    assert sum(report.counters.values()) == sum(one.packets for one in report.inputs)


def test_the_report_of_two_is_that_of_both_whatever_the_order(tmp_path):
    from consul_sniff.reporters.json_v1 import document

    def told(*names):
        made = document(consul_sniff.analyze([PCAPS / n for n in names]), "0")
        return json.dumps([(c["id"], c["status"]) for c in made["controls"]]), sorted(f["id"] for f in made["findings"])

    assert told("lab/rollout-c1.pcap", "dns/consul-dns.pcap") == told("dns/consul-dns.pcap", "lab/rollout-c1.pcap")
