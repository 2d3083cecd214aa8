"""The published JSON Schema of the report (``consul-sniff schema``), made of one compact table."""

from __future__ import annotations

from typing import Any

from ..model import Confidence, Grade, Protection, Severity, Status
from .json_v1 import SCHEMA

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
TIME = {"type": ["string", "null"], "format": "date-time", "description": "RFC 3339 UTC with microseconds"}
MAYBE = {"type": ["string", "null"]}
FINGERPRINT = {"type": "string", "pattern": "^sha256:[0-9a-f]{8}$"}
ADDRESS = {"type": "string", "description": "IPv4 or IPv6 address"}
PORT = {"type": "integer", "minimum": 0, "maximum": 65535}
TRANSPORT = {"enum": ["udp", "tcp"]}
CHANNELS = ["gossip-lan", "gossip-wan", "rpc", "raft", "api", "grpc", "dns", "mesh", "envoy-admin", "ca", "other"]
PROTOCOLS = ["memberlist", "consul-rpc", "raft", "tls", "http", "grpc", "dns", "envoy-admin", "vault", "unknown"]


def _one_of(values: Any) -> dict[str, Any]:
    return {"enum": [getattr(value, "value", value) for value in values]}


def _object(**keys: Any) -> dict[str, Any]:
    """Every key is required; more may stand beside them."""
    return {"type": "object", "required": list(keys), "properties": keys}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


EVIDENCE = _list(_object(
    input={**COUNT, "description": "index into `input`"},
    frame={"type": "integer", "minimum": 1, "description": "packet number in that input, as Wireshark shows it"},
    summary=TEXT,
))
SEEN = {"first_seen": TIME, "last_seen": TIME}
INPUT = _object(path=TEXT, packets=COUNT, bytes=COUNT, **SEEN, link_types=_list(TEXT), truncated=FLAG, error=MAYBE)
CONTROL = _object(id=TEXT, status=_one_of(Status), title=TEXT, summary=TEXT, reason=TEXT, findings=_list(TEXT),
                  seeds=_list(TEXT), remediation=TEXT)
FINDING = _object(
    id={"type": "string", "pattern": "^[a-z0-9-]+-[0-9a-f]{8}$"}, signature=TEXT, control=TEXT,
    severity=_one_of(Severity), confidence=_one_of(Confidence), grade=_one_of(Grade), title=TEXT, source=ADDRESS,
    destination=ADDRESS, port=PORT, transport=TRANSPORT, protocol=TEXT, count=COUNT, **SEEN, evidence=EVIDENCE,
    community_id=TEXT, remediation=TEXT, decrypted=FLAG,
)
NODE = _object(
    address=ADDRESS, name=MAYBE, role=_one_of(["server", "client", "unknown"]), datacenter=MAYBE, version=MAYBE,
    gossip=_one_of(["plaintext", "encrypted", "mixed", "unknown"]), rpc=_one_of(["plaintext", "tls", "mixed", "unknown"]),
    gossip_plaintext=COUNT, gossip_encrypted=COUNT, keys=_list(FINGERPRINT),
    status=_one_of(["alive", "suspect", "dead", "left", "unknown"]), decrypted=FLAG,
)
CONVERSATION = _object(
    source=ADDRESS, destination=ADDRESS, port=PORT, transport=TRANSPORT, channel=_one_of(CHANNELS),
    protocol=_one_of(PROTOCOLS), protection=_one_of(Protection), by=_one_of(["content", "port"]), packets=COUNT,
    bytes=COUNT, **SEEN, community_id=TEXT,
)
EXPOSURE = _object(
    kind=_one_of(["acl-token", "vault-token", "gossip-key", "secret-id", "private-key", "kv-value"]),
    fingerprint={"anyOf": [FINGERPRINT, {"type": "null"}]}, where=TEXT, path=TEXT, count=COUNT, **SEEN,
    source=ADDRESS, destination=ADDRESS, evidence=EVIDENCE,
)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "consul-sniff report",
        **_object(
            schema={"const": SCHEMA},
            tool=_object(name={"const": "consul-sniff"}, version=TEXT),
            input=_list(INPUT),
            counters=_object(packets=COUNT, bytes=COUNT,
                             terminal={"type": "object", "additionalProperties": COUNT,
                                       "description": "every packet is in exactly one: they sum to `packets`"},
                             notes={"type": "object", "additionalProperties": COUNT}),
            complete=FLAG,
            reasons=_list(TEXT),
            controls=_list(CONTROL),
            findings=_list(FINDING),
            nodes=_list(NODE),
            conversations=_list(CONVERSATION),
            exposures=_list(EXPOSURE),
            exit=_object(code={"enum": [0, 1, 2, 3, 4, 130, 143]}, reason=TEXT),
        ),
    }
