"""What two reports of one traffic must agree in, though segments came in another order, and some twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = dict[Any, Any]
SHOWN = 5  # differences of each kind that are told


def _terminal(report: dict[str, Any]) -> Rows:
    # a packet that came twice is a duplicate, or one TCP segment more
    counts = report["counters"]["terminal"]
    return {name: count for name, count in counts.items() if name not in {"tcp", "duplicate"}}


def _controls(report: dict[str, Any]) -> Rows:
    return {one["id"]: one["status"] for one in report["controls"]}


def _findings(report: dict[str, Any]) -> Rows:
    return {one["id"]: (one["severity"], one["count"]) for one in report["findings"]}


def _nodes(report: dict[str, Any]) -> Rows:
    fields = ("role", "gossip", "rpc", "gossip_plaintext", "gossip_encrypted")
    return {one["address"]: tuple(one[field] for field in fields) for one in report["nodes"]}


def _exposures(report: dict[str, Any]) -> Rows:
    return {(one["kind"], one["fingerprint"], one["path"], one["source"], one["destination"]): one["count"]
            for one in report["exposures"]}


def _conversations(report: dict[str, Any]) -> Rows:
    return {(one["source"], one["destination"], one["port"], one["transport"]):
            (one["channel"], one["protocol"], one["protection"]) for one in report["conversations"]}


TOPICS: dict[str, Callable[[dict[str, Any]], Rows]] = {
    "terminal counters": _terminal, "controls": _controls, "findings": _findings, "nodes": _nodes, "exposures": _exposures,
    "conversations": _conversations,
}


def compare(first: dict[str, Any], second: dict[str, Any]) -> tuple[int, list[str]]:
    """How many rows were compared, and where the reports differ."""
    compared, differences = 0, []
    for topic, rows in TOPICS.items():
        one, other = rows(first), rows(second)
        compared += len(one)
        found = [key for key in sorted({*one, *other}, key=str) if one.get(key) != other.get(key)]
        differences += [f"{topic}: {key}: {one.get(key)} and {other.get(key)}" for key in found[:SHOWN]]
        if len(found) > SHOWN:
            differences.append(f"{topic}: and {len(found) - SHOWN} more of {len(one)}")
    return compared, differences
