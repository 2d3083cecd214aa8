"""Consul's HTTP API by path: few route names for many paths, and which of them nobody else has.

The endpoints are those of the API documentation of Consul 1.0 to 1.20 (developer.hashicorp.com/consul/api-docs).
``/v1/...`` alone says nothing: Vault, Nomad and thousands of APIs use it, and Nomad shares ``/v1/agent/self``,
``/v1/status/leader``, ``/v1/acl/...`` and ``/v1/operator/...`` by name.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import unquote

# Per first segment: endpoints; "*" stands for one or more segments. "!": nobody else's, so the path alone proves Consul.
_TABLE: Final = {
    "acl": """bootstrap login logout token token/* token/self tokens policy policy/* policy/name/* policies role role/*
        role/name/* roles auth-method auth-method/* auth-methods binding-rule binding-rule/* binding-rules replication
        translate rules/translate rules/translate/* authorize templated-policies templated-policy/name/* create update
        list info/* clone/* destroy/*""",
    "agent": """self members metrics metrics/stream host version reload maintenance join/* leave force-leave/* monitor
        !services !service/* !service/register !service/deregister/* !service/maintenance/* !checks !check/register
        !check/deregister/* !check/pass/* !check/warn/* !check/fail/* !check/update/* !health/service/name/*
        !health/service/id/* !connect/authorize !connect/ca/roots !connect/ca/leaf/* token/*""",
    "catalog": """!register !deregister !datacenters !nodes !services !service/* !connect/* !node/* !node-services/*
        !gateway-services/*""",
    "config": """* service-defaults service-defaults/* proxy-defaults proxy-defaults/* service-router service-router/*
        service-splitter service-splitter/* service-resolver service-resolver/* ingress-gateway ingress-gateway/*
        terminating-gateway terminating-gateway/* !service-intentions !service-intentions/* mesh mesh/*
        exported-services exported-services/* api-gateway api-gateway/* http-route http-route/* tcp-route tcp-route/*
        inline-certificate inline-certificate/* jwt-provider jwt-provider/*""",
    "connect": "!ca/roots !ca/configuration !intentions !intentions/* !intentions/exact !intentions/match !intentions/check",
    "coordinate": "!datacenters !nodes !node/* !update",
    "discovery-chain": "!*",
    "event": "!fire/* list",
    "health": "!node/* !checks/* !service/* !connect/* !ingress/* !state/*",
    "internal": "!ui/* !service-virtual-ip federation-states federation-state/* acl/authorize",
    "kv": "*",
    "namespace": "*",
    "operator": """raft/configuration raft/peer raft/transfer-leader keyring autopilot/configuration autopilot/health
        autopilot/state license area area/* segment usage utilization""",
    "partition": "*",
    "peering": "!token !establish *",
    "query": "* */execute */explain",
    "session": "create destroy/* info/* node/* list renew/*",
    "status": "leader peers",
    "validate": "",
}
_WHOLE: Final = frozenset({"config", "namespaces", "partitions", "peerings", "query", "snapshot", "txn",
                           "exported-services", "imported-services", "kv"})
#: nothing worth a search comes in these bodies, or it never ends
DULL: Final = frozenset({"/v1/agent/metrics", "/v1/agent/metrics/stream", "/v1/agent/monitor", "/v1/agent/host"})
TAIL: Final = 512  # characters of a path behind its route that are kept


class Route(NamedTuple):
    """``name`` is the template, ``tail`` what stands where its last ``*`` is (unquoted), ``sure``: Consul's alone."""

    name: str
    tail: str
    sure: bool


def _compile() -> dict[str, dict[tuple[str, ...], bool]]:
    table: dict[str, dict[tuple[str, ...], bool]] = {}
    for first, endpoints in _TABLE.items():
        rows = {tuple(one.lstrip("!").split("/")): one.startswith("!") for one in endpoints.split()}
        table[first] = rows
    return table


_ROUTES: Final = _compile()


def route(path: str) -> Route | None:
    """The endpoint that a path (without query) names, or None where Consul has none such."""
    if not path.startswith("/v1/"):
        return None
    parts = path[4:].split("/", 12)
    first, rest = parts[0], parts[1:]
    if first in _WHOLE and not any(rest):
        return Route(f"/v1/{first}", "", sure=False)
    rows = _ROUTES.get(first)
    if rows is None or not rest:
        return None
    exact = tuple(rest)
    if exact in rows:
        return Route("/v1/" + "/".join((first, *exact)), "", rows[exact])
    for length in range(min(len(rest), 4) - 1, -1, -1):
        for after in (("execute",), ("explain",), ()):
            row = (*rest[:length], "*", *after)
            if row in rows and (not after or (len(rest) > length + 1 and rest[-1] == after[0])):
                tail = unquote("/".join(rest[length:len(rest) - len(after)])[:TAIL])
                name = "/v1/" + "/".join((first, *row))
                return Route(name, tail, rows[row] or (first == "kv" and tail.startswith("_rexec/")))
    return None
