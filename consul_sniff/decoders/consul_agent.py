"""``/v1/agent/self``: what an agent says of its own settings (DebugConfig: agent/config/runtime.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..model import Claim, Message, Protection
from ..text import printable
from .claims import address_of

if TYPE_CHECKING:
    from ..model import Scalar

_PORTS: Final = {"ServerPort": "server_port", "SerfPortLAN": "serf_lan_port", "SerfPortWAN": "serf_wan_port",
                 "HTTPPort": "http_port", "HTTPSPort": "https_port", "GRPCPort": "grpc_port",
                 "GRPCTLSPort": "grpc_tls_port", "DNSPort": "dns_port"}


def message_of(answer: dict[str, Any]) -> Message:
    """The message for a whole answer; settings that this version of Consul does not show are None."""
    debug = answer["DebugConfig"]
    tls = _dict(_dict(debug.get("TLS")).get("InternalRPC")) or debug  # before 1.12 they stood in DebugConfig itself
    resolver = _dict(debug.get("ACLResolverSettings"))
    gossip = _dict(debug.get("StaticRuntimeConfig")) or debug
    encrypted = _dict(_dict(answer.get("Stats")).get("serf_lan")).get("encrypted")
    fields: dict[str, Scalar] = {
        "disable_remote_exec": _bool(debug.get("DisableRemoteExec")),
        "acl_default_policy": _policy(resolver.get("ACLDefaultPolicy") or debug.get("ACLDefaultPolicy")),
        "acls_enabled": _bool(debug.get("ACLsEnabled")),
        "default_intention_policy": _policy(debug.get("DefaultIntentionPolicy")),
        "server": _bool(debug.get("ServerMode")),
        "verify_incoming": _bool(tls.get("VerifyIncoming")),
        "verify_outgoing": _bool(tls.get("VerifyOutgoing")),
        "verify_server_hostname": _bool(tls.get("VerifyServerHostname")),
        "encrypt_verify_incoming": _bool(gossip.get("EncryptVerifyIncoming")),
        "encrypt_verify_outgoing": _bool(gossip.get("EncryptVerifyOutgoing")),
        "gossip_encrypted": {"true": True, "false": False}.get(str(encrypted)),
        "remote_script_checks": _bool(debug.get("EnableRemoteScriptChecks")),
    }
    config = _dict(answer.get("Config"))
    value: dict[str, Scalar] = {key: one for key, one in fields.items() if one is not None}
    for key, name in (("NodeName", "name"), ("Datacenter", "dc"), ("Version", "version"), ("NodeID", "id")):
        if isinstance(config.get(key), str):
            value[name] = printable(config[key], 128)
    for key, name in _PORTS.items():
        port = debug.get(key)
        if type(port) is int and 0 < port < 65_536:
            value[name] = port
    address = address_of(str(debug.get("AdvertiseAddrLAN") or ""))
    claim = Claim("agent", (address,), tuple(sorted(value.items())))
    shown = value.get("name") or "an agent"
    return Message("http", "agent-self", Protection.PLAINTEXT, f"Consul API: settings of {shown}",
                   tuple(sorted(fields.items())), None, (claim,))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _policy(value: object) -> str | None:
    return value if value in ("allow", "deny") and isinstance(value, str) else None
