"""The words that signatures may use: channels, owners, and each protocol's kinds and fields.

Decoders make the protocols of ``DECODED``, modules of attribution those of ``ATTRIBUTED``; a signature that names
another word is refused with the list of what there is. A test holds ``DECODED`` against the decoders' own ``kinds``.
"""

from __future__ import annotations

from typing import Final

CHANNELS: Final = ("gossip-lan", "gossip-wan", "rpc", "raft", "api", "grpc", "dns", "mesh", "envoy-admin", "ca", "other")
OWNERS: Final = ("consul", "other", "unknown")
TRANSPORTS: Final = ("tcp", "udp")
BY: Final = ("content", "port")

Kinds = dict[str, tuple[str, ...]]

_MEMBERLIST: Final[Kinds] = {
    **dict.fromkeys(
        ("ping", "indirect-ping", "ack", "nack", "suspect", "alive", "dead", "user", "error", "join", "leave",
         "query-response", "conflict-response", "key-response", "relay", "other"), (),
    ),
    "push-pull": ("join",),
    "node-state": ("state",),
    "serf-push-pull": ("remote_exec",),
    "user-event": ("name", "remote_exec"),
    "query": ("name",),
    "key-request": ("name",),
    "sealed": ("version", "key", "confidence"),
}
_TLS: Final[Kinds] = {
    "client-hello": ("sni", "alpn", "mode", "mesh"),
    "server-hello": ("version", "suite", "resumed", "mode", "old_version", "weak_suite"),
    "certificate": ("fingerprint", "names", "subject", "not_before", "not_after", "spiffe", "mode", "mesh"),
    "handshake": ("version", "resumed", "client_certificate_requested", "mode"),
    "no-certificate": ("mode",),
    "certificate-request": ("mode",),
    "records": ("mode",),
    "alert": ("level", "description"),
}

DECODED: Final[dict[str, Kinds]] = {
    "memberlist": _MEMBERLIST,
    "consul-rpc": {
        "mode": ("mode",),
        "yamux": (),
        "request": ("method",),
        "response": ("method", "error"),
        "body": ("method",),
        "snapshot": ("op",),
        "remote-exec": ("via",),
    },
    "raft": {
        **dict.fromkeys(
            ("append-entries", "request-vote", "pre-vote", "install-snapshot", "timeout-now", "response", "snapshot"), (),
        ),
        "entry": ("type",),
        "remote-exec": ("via",),
    },
    "tls": _TLS,
    "http": {
        "request": ("api", "method", "route", "probe", "body_cut"),
        "response": ("api", "status", "route", "acl_policy", "acl", "probe", "intentions", "body_cut"),
        "remote-exec": ("via",),
        "agent-self": (
            "disable_remote_exec", "acl_default_policy", "acls_enabled", "default_intention_policy", "server",
            "verify_incoming", "verify_outgoing", "verify_server_hostname", "encrypt_verify_incoming",
            "encrypt_verify_outgoing", "gossip_encrypted", "remote_script_checks",
        ),
    },
    "grpc": {
        "http2": ("mode",),
        "request": ("path", "service", "body_cut"),
        "response": ("service", "body_cut"),
    },
    "dns": {"query": ("zone", "type"), "response": ("zone", "answered")},
    "envoy-admin": {"request": ("path", "method", "body_cut"), "response": ("path", "status", "admin", "body_cut")},
    "vault": {"request": ("path", "method", "body_cut"), "response": ("path", "status", "body_cut")},
    "unknown": {},
}

#: what only counters or many facts together show; the protocol is the module of attribution that says it
ATTRIBUTED: Final[dict[str, Kinds]] = {
    "memberlist": {"gossip": ("form", "version", "pool"), "gossip-cut": ("form", "pool")},
    "unknown": {"refused": (), "unanswered": (), "traffic": ()},
    "roles": {"rpc-between-servers": ("all_tls",)},
    "members": {"member": ("role", "acls", "use_tls", "status"), "named": (), "inferred": ()},
    "certificates": {"server": ("shared", "named", "valid", "good"), "hidden": ("why",)},
    "exposure": dict.fromkeys(
        ("acl-token", "vault-token", "gossip-key", "secret-id", "private-key", "kv-value"), ("where",),
    ),
    "mesh": {
        "listener-tls": ("identity",),
        "listener-plaintext": ("probe", "expose_path"),
        "bypass": ("probe", "expose_path"),
    },
    "admin": {"unanswered": ("result",), "exposed": ()},
    "keyring": {"key": ("key", "keys"), "unused": ("key",), "unopened": ("keys",), "sent-in-clear": ()},
    "integrity": {
        "crc": ("beyond_chance",),
        "malformed": ("beyond_chance",),
        "replay": ("what",),
        "nonce-reuse": (),
        "identity-conflict": (),
        "checked": (),
    },
    "intentions": {"default": ("policy", "wildcard_deny", "known")},
    "remote-exec": {"used": ("via",), "setting": ("disabled",)},
    "ports": {"interface": ("protection", "peers")},
}

#: fields that attribution adds to every observation, and (``between``) to those of RPC and Raft
ADDED: Final = ("said_by", "between")

PROTOCOLS: Final[dict[str, Kinds]] = {
    name: {**DECODED.get(name, {}), **ATTRIBUTED.get(name, {})} for name in (*DECODED, *ATTRIBUTED)
}
