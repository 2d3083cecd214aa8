"""The page for Prometheus, read by its own parser."""

import ipaddress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consul_sniff.event import Counters
from consul_sniff.model import Severity, Status
from consul_sniff.reporters.metrics import page

COUNTERS = Counters(241, 40_163, 246, 3, 2, 0, 17, 4.5)


def samples(report=None, judged=0):
    text = page("0.1.0", COUNTERS, report, judged).decode()
    return {(one.name, *sorted(one.labels.items())): one.value for family in text_string_to_metric_families(text) for one in family.samples}


def test_before_anything_was_judged_it_counts():
    assert samples() == {
        ("consul_sniff_build_info", ("version", "0.1.0")): 1,
        ("consul_sniff_packets_total",): 241,
        ("consul_sniff_packet_bytes_total",): 40_163,
        ("consul_sniff_capture_received_packets_total",): 246,
        ("consul_sniff_capture_dropped_packets_total",): 3,
        ("consul_sniff_interface_dropped_packets_total",): 2,
        ("consul_sniff_acked_unseen_bytes_total",): 17,
    }


def test_it_says_what_the_report_says(report_of):
    report = report_of("lab/rollout-c1.pcap")
    said = samples(report, 1_795_645_157_500_000_000)
    assert said[("consul_sniff_last_run_timestamp_seconds",)] == 1_795_645_157.5
    assert said[("consul_sniff_last_run_success",)] == 1
    assert said[("consul_sniff_complete",)] == report.complete
    for control in report.controls:
        for status in Status:
            assert said["consul_sniff_control_status", ("control", control.id), ("status", status.value)] == (control.status is status)
    assert sum(value for (name, *_), value in said.items() if name == "consul_sniff_findings") == len(report.findings)
    assert said["consul_sniff_nodes", ("role", "server"), ("state", "encrypted")] == 2
    assert said["consul_sniff_nodes", ("role", "server"), ("state", "plaintext")] == 1
    assert said["consul_sniff_nodes", ("role", "server"), ("state", "mixed")] == 0
    assert said["consul_sniff_rpc_nodes", ("role", "client"), ("state", "plaintext")] == 1


def test_keys_of_the_keyring_by_fingerprint(report_of):
    report = report_of("lab/rollout-c1.pcap")
    nodes = [node._replace(keys=("sha256:0a1b2c3d",) if node.role == "server" else ()) for node in report.nodes]
    assert samples(report._replace(nodes=nodes))["consul_sniff_gossip_key_nodes", ("key_fp", "sha256:0a1b2c3d")] == 3


def test_a_report_that_does_not_stand_for_its_input(report_of):
    said = samples(report_of("lab/rollout-c1.pcap")._replace(exit_code=3, complete=False))
    assert said[("consul_sniff_last_run_success",)] == said[("consul_sniff_complete",)] == 0


@pytest.mark.parametrize("name", ["plain-c1", "rollout-c1", "acl_deny_plain-s1"])
def test_no_label_holds_a_word_of_the_packets(report_of, name):
    report = report_of(f"lab/{name}.pcap")
    own = {control.id for control in report.controls} | {finding.signature for finding in report.findings} | {one.value for one in (*Status, *Severity)}
    own |= {"0.1.0", "server", "client", "unknown", "encrypted", "plaintext", "mixed", "tls"}
    values = {value for _, *labels in samples(report) for _, value in labels}
    assert values <= own
    foreign = {node.name for node in report.nodes} | {node.datacenter for node in report.nodes} | {node.version for node in report.nodes}
    assert not values & (foreign - {None})
    for value in values - {"0.1.0"}:
        with pytest.raises(ValueError, match="does not appear to be"):
            ipaddress.ip_address(value)


def test_a_hostile_name_adds_no_series(report_of):
    report = report_of("lab/rollout-c1.pcap")
    evil = [node._replace(name='x"} 1\nconsul_sniff_packets_total 9\n', datacenter="\\\n", address=f"10.0.{i >> 8}.{i & 255}") for i, node in
            enumerate(report.nodes * 5_000)]
    assert samples(report._replace(nodes=evil)).keys() == samples(report).keys()
