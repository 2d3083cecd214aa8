"""A request and its response: whose API it is, and what each of them says.

``open_exchange`` looks at a request's head; ``Exchange.answer`` at the response's, which may settle what the request
left open. Secrets that were seen before anybody knew whose API this is wait in ``deferred``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ..model import Message, Protection
from ..text import printable
from .http_body import Body, Finds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model import Scalar
    from .http_body import Sink
    from .http_head import Head

METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "LIST", "CONNECT", "TRACE"})
_PROBES: Final = ("consul health check", "kube-probe/", "elb-healthchecker/", "googlehc/", "envoy/hc", "amazon-route53-health",
                  "haproxy health", "blackbox exporter", "blackbox-exporter", "azure traffic manager", "load balancer agent",
                  "nginx-health", "nomad-check")


class Target:
    """A request target taken apart: ``path`` without query and host, ``query`` as it stands."""

    __slots__ = ("path", "query")

    def __init__(self, target: str) -> None:
        if target[:1] != "/" and "://" in target[:12]:  # absolute form, as to a proxy
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        path, _, self.query = target.partition("#")[0].partition("?")
        self.path = path

    def values(self, name: str) -> list[str]:
        """The values of a query parameter."""
        if f"{name}=" not in self.query:
            return []
        from urllib.parse import parse_qsl

        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, max_num_fields=64)
        except ValueError:
            return []
        return [value for key, value in pairs if key == name]


def message(protocol: str, kind: str, summary: str, fields: Mapping[str, Scalar], finds: Finds | None = None,
            detail: Mapping[str, object] | None = None) -> Message:
    """A plaintext message with its finds."""
    return Message(protocol, kind, Protection.PLAINTEXT, summary, tuple(sorted(fields.items())), detail,
                   tuple(finds.claims) if finds else (), tuple(finds.secrets) if finds else ())


def is_probe(head: Head) -> bool:
    """Say whether this request is a health probe, by its user agent."""
    agent = head.get("user-agent").lower()
    return any(agent.startswith(probe) for probe in _PROBES)


def method_of(head: Head) -> str:
    return head.method if head.method in METHODS else "other"


def request_of_others(method: str, **marks: Scalar) -> Message:
    """A request to nobody we know."""
    return message("http", "request", f"HTTP {method}", {"api": "other", "method": method, "route": "", **marks})


def response_of_others(status: int, **marks: Scalar) -> Message:
    """And an answer."""
    fields = {"api": "other", "status": status, "route": "", "acl_policy": None, "acl": None, **marks}
    return message("http", "response", f"HTTP {status}", fields)


class Exchange:
    """HTTP of nobody we know. Subclasses: Consul's API, Envoy's admin interface, Vault."""

    protocol: ClassVar[str] = "http"

    def __init__(self, head: Head | None, target: Target | None = None) -> None:
        self.method = method_of(head) if head is not None else ""
        self.target = target
        self.probe = head is not None and is_probe(head)
        self.status = 0
        self.upgrade = head.get("upgrade").lower() if head is not None else ""
        self.asked = Finds()  # in the request
        self.found = Finds()  # in the response

    def request_sink(self) -> Sink | None:
        """Who searches the request's body; None: nobody, the request can be told at once."""
        return None

    def answer(self, head: Head) -> Exchange:
        """The response's head is there. Returns who goes on: itself, or another reading of the same exchange."""
        self.status = head.status
        return self

    def response_sink(self) -> Sink | None:
        return None

    def request(self, body: Body | None) -> list[Message]:
        """What the request says; ``body`` is None where it has none or nobody reads it."""
        del body
        return [request_of_others(self.method, **self._marked({}, None))]

    def response(self, body: Body | None) -> list[Message]:
        """What the response says."""
        return [response_of_others(self.status, **self._marked({}, body))]

    def _marked(self, fields: dict[str, Scalar], body: Body | None) -> dict[str, Scalar]:
        """With the marks that stand only where they hold."""
        if self.probe:
            fields["probe"] = True
        if body is not None and body.cut:
            fields["body_cut"] = True
        return fields

    def _detail(self, path: str) -> dict[str, object]:
        return {"path": printable(path, 256)}


def open_exchange(head: Head) -> Exchange:
    """Whose request is this? Headers before paths."""
    from . import consul_api, envoy_admin, vault

    target = Target(head.target)
    for reading in (vault.claim, consul_api.claim, envoy_admin.claim):
        exchange = reading(head, target)
        if exchange is not None:
            return exchange
    return Exchange(head, target)


def unasked(head: Head) -> Exchange:
    """A response whose request was not captured."""
    from . import consul_api, envoy_admin

    if head.has_prefix("x-consul-"):
        return consul_api.Consul(None, None, None, sure=True)
    if envoy_admin.looks_admin(head):
        return envoy_admin.Admin(None, None, "", sure=False)
    return Exchange(None)
