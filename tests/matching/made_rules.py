"""Observations and signatures made by hand, as small as a test needs them."""

from consul_sniff.facts import Tally
from consul_sniff.matching.schema import Condition, Signature
from consul_sniff.model import Confidence, Grade, Protection, Severity, Vote
from consul_sniff.observation import Few, Noted, Sort
from consul_sniff.report import Attributed, Node


def tally(frame=1, time=1_000, count=1):
    made = Tally()
    made.add(time, 0, frame, f"frame {frame}", count)
    return made


def observation(protocol="memberlist", kind="gossip", **other):
    few = {"protection": Protection.PLAINTEXT, "channel": "gossip-lan", "owner": "consul", "by": "content",
           "transport": "udp", "loopback": False, "grade": Grade.TWO_WAY, "decrypted": False}
    ends = other.pop("source", "10.0.0.1"), other.pop("destination", "10.0.0.2"), other.pop("port", 8301)
    values = {"summary": "seen", "counted": other.pop("tally", tally()), "community_id": "1:x"}
    few |= {name: other.pop(name) for name in few if name in other}
    return Noted(Sort(Few(protocol, kind, **few), other.pop("fields", {})), ends, **{**values, **other})


def signature(id_="sig", vote=Vote.FAIL, **other):
    severity = {Vote.FAIL: Severity.HIGH, Vote.WARN: Severity.MEDIUM}.get(vote, Severity.INFO)
    values = {
        "title": "A title", "status": "stable", "control": "gossip-encryption", "vote": vote, "severity": severity,
        "confidence": Confidence.HIGH, "description": "d", "remediation": "r", "references": (), "false_positives": (),
        "match": ((Condition("protocol", "exact", ("memberlist",)),),), "unless": (), "reason": "", "fires_on": (),
        "silent_on": (), "untested": "", "path": "signatures/x.yaml",
    }
    return Signature(id=id_, **{**values, **other})


def node(address, name=None):
    return Node(address, name, "unknown", None, None, "plaintext", "unknown", 1, 0, (), "alive", decrypted=False)


def attributed(*observations, nodes=(), channels=("gossip-lan",), incomplete=()):
    empty = {name: [] for name in Attributed._fields}
    return Attributed(**{**empty, "observations": list(observations), "nodes": list(nodes),
                         "channels_seen": frozenset(channels), "incomplete": tuple(incomplete)})
