"""What a live run tells Prometheus: a page in its text format (0.0.4), made of the last report and the counters of now.

Label values are this program's own words (ids of controls and signatures, statuses, severities, roles) and fingerprints
of the user's own keys. Nothing out of a packet is one, no name and no address: whoever can send a packet would
write what an alert says, and could make as many time series as it likes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from ..model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..event import Counters
    from ..report import Report

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_NAME: Final = "consul_sniff_"
_FAILED: Final = 3  # exit code of a report that does not stand for all of its input
_ROLES: Final = ("server", "client", "unknown")
_GOSSIP: Final = ("encrypted", "plaintext", "mixed", "unknown")
_RPC: Final = ("tls", "plaintext", "mixed", "unknown")


def page(version: str, counters: Counters, report: Report | None, judged: int) -> bytes:
    """The whole page. ``report``: the last judgement, None before the first; ``judged``: when that was, ns since the epoch."""
    told = [*_traffic(version, counters), *(_judgement(report, judged) if report is not None else ())]
    return generate_latest(_Told(told))


class _Told(Collector):
    """Metrics as ``prometheus_client`` asks for them."""

    def __init__(self, told: list[Metric]) -> None:
        self.told = told

    def collect(self) -> list[Metric]:
        return self.told


def _traffic(version: str, now: Counters) -> Iterator[Metric]:
    yield InfoMetricFamily(_NAME + "build", "This program.", {"version": version})
    for name, about, value in (
        ("packets", "Packets decoded.", now.packets),
        ("packet_bytes", "Bytes of the packets decoded.", now.bytes),
        ("capture_received_packets", "Packets that the kernel received for this capture: decoded, dropped, or still to be read.", now.received),
        ("capture_dropped_packets", "Packets lost because the kernel's buffer was full.", now.dropped),
        ("interface_dropped_packets", "Packets that the interface itself dropped.", now.interface_dropped),
        ("acked_unseen_bytes", "Bytes of TCP that were acknowledged and never seen: an estimate of what else was lost.", now.acked_unseen_bytes),
    ):
        yield CounterMetricFamily(_NAME + name, about, value)


def _judgement(report: Report, judged: int) -> Iterator[Metric]:
    yield GaugeMetricFamily(_NAME + "last_run_timestamp_seconds", "When traffic was last judged.", judged / 1e9)
    yield GaugeMetricFamily(_NAME + "last_run_success", "0: the last judgement does not stand for all of its input (an interface went away, an internal error).",
                            int(report.exit_code != _FAILED))
    yield GaugeMetricFamily(_NAME + "complete", "0: something was lost, cut, evicted or skipped.", int(report.complete))
    status = GaugeMetricFamily(_NAME + "control_status", "1 for the status that the control has.", labels=("control", "status"))
    for control in report.controls:
        for one in Status:
            status.add_metric((control.id, one.value), control.status is one)
    yield status
    yield _counted("findings", "Findings so far.", ("severity", "rule"), ((one.severity.value, one.signature) for one in report.findings))
    yield _counted("nodes", "Nodes, by the gossip that they sent.", ("role", "state"), ((one.role, one.gossip) for one in report.nodes),
                   ((role, state) for role in _ROLES for state in _GOSSIP))
    yield _counted("rpc_nodes", "Nodes, by the RPC that they sent or accepted.", ("role", "state"), ((one.role, one.rpc) for one in report.nodes),
                   ((role, state) for role in _ROLES for state in _RPC))
    yield _counted("gossip_key_nodes", "Nodes whose gossip a key of --keyring opened, by the key's fingerprint.", ("key_fp",),
                   ((key,) for one in report.nodes for key in one.keys))


def _counted(name: str, about: str, labels: tuple[str, ...], rows: Iterable[tuple[str, ...]],
             always: Iterable[tuple[str, ...]] = ()) -> GaugeMetricFamily:
    """A gauge with the number of *rows* of each kind; of those that are ``always`` there, also when it is none."""
    counts = Counter(dict.fromkeys(always, 0))
    counts.update(rows)
    family = GaugeMetricFamily(_NAME + name, about, labels=labels)
    for row, count in sorted(counts.items()):
        family.add_metric(row, count)
    return family
