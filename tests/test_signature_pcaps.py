"""Every signature on the captures that it names; and on made observations, those that no capture shows."""

import base64
from functools import cache
from pathlib import Path

import pytest

from consul_sniff.attribution import Profile, attribute
from consul_sniff.keyring import Keyring
from consul_sniff.matching import load
from consul_sniff.matching.describe import run_tests
from consul_sniff.matching.matcher import Matcher
from consul_sniff.model import Protection
from consul_sniff.pipeline import Options, read

from .matching.made_rules import observation

ROOT = Path(__file__).parent.parent
RULES = load()
SIGNATURES = {s.id: s for s in RULES.signatures}
TESTED = sorted({s.id for s in RULES.signatures if s.fires_on or s.silent_on})


@cache
def attributed(path):
    """A keyring beside the capture is used; git keeps no permissions, so it is read here."""
    beside = path.with_suffix(".keyring")
    keyring = Keyring([base64.b64decode(line) for line in beside.read_text().split()]) if beside.exists() else None
    profile = Profile.of({}, keys=keyring.fingerprints if keyring else ())
    return attribute(read([str(path)], Options(profile=profile, keyring=keyring)), profile)


@pytest.mark.parametrize("name", TESTED)
def test_a_signature_fires_and_stays_silent_where_it_says(name):
    tried = run_tests(SIGNATURES[name], attributed, ROOT)
    assert [f"should be {t.expected} on {t.capture}: {t.said}" for t in tried if not t.passed] == []


TLS = {"protocol": "tls", "channel": "rpc", "transport": "tcp", "protection": Protection.ENCRYPTED}
HELLO = {**TLS, "kind": "server-hello"}
SOUND = {"version": "TLS 1.3", "old_version": False, "weak_suite": False}
SERVER = {"protocol": "certificates", "kind": "server", "channel": "rpc"}
GOOD = {"shared": False, "named": True, "valid": True, "good": True}
MESH = {"protocol": "mesh", "channel": "mesh", "fields": {"probe": False, "expose_path": False}}
PROBE = {**MESH, "fields": {"probe": True, "expose_path": False}}
UNREAD = {"protocol": "unknown", "kind": "traffic", "by": "port"}
KEY = {"protocol": "keyring", "decrypted": True}
INTEGRITY = {"protocol": "integrity"}
RPC = {"protocol": "consul-rpc", "kind": "response", "channel": "rpc"}
API = {"protocol": "http", "kind": "response", "channel": "api"}
INTENTION = {"protocol": "intentions", "kind": "default", "channel": "api"}
#: signature -> (an observation that it fires on, one beside it on which it stays silent)
MADE = {
    "acl-disabled-rpc": ({**RPC, "fields": {"error": "acl-disabled"}}, {**RPC, "fields": {"error": ""}}),
    "acl-legacy-tag": ({"protocol": "members", "kind": "member", "fields": {"acls": "2"}},
                       {"protocol": "members", "kind": "member", "fields": {"acls": "1"}}),
    "api-plaintext-loopback": ({**API, "loopback": True}, API),
    "api-unreadable": ({**UNREAD, "channel": "api"}, {**UNREAD, "channel": "rpc"}),
    "gossip-cut": ({"kind": "gossip-cut"}, {"kind": "gossip-cut", "owner": "other"}),
    "gossip-key-in-clear": ({"protocol": "exposure", "kind": "gossip-key"}, {"protocol": "exposure", "kind": "gossip-key", "loopback": True}),
    "gossip-key-single": ({**KEY, "kind": "key", "fields": {"keys": 1}}, {**KEY, "kind": "key", "fields": {"keys": 2}}),
    "gossip-key-unknown": ({**KEY, "kind": "unopened", "decrypted": False, "fields": {"keys": 1}},
                           {**KEY, "kind": "unopened", "decrypted": False, "fields": {"keys": 0}}),
    "gossip-key-unused": ({**KEY, "kind": "unused"}, {**KEY, "kind": "unused", "owner": "other"}),
    "gossip-nonce-reuse": ({**INTEGRITY, "kind": "nonce-reuse"}, {**INTEGRITY, "kind": "replay"}),
    "gossip-unreadable": ({**UNREAD, "channel": "gossip-wan"}, {**UNREAD, "channel": "gossip-wan", "owner": "other"}),
    "grpc-tls-seen": ({**TLS, "kind": "records", "channel": "grpc"}, {**TLS, "kind": "client-hello", "channel": "grpc"}),
    "grpc-unreadable": ({**UNREAD, "channel": "grpc"}, {**UNREAD, "channel": "dns"}),
    "integrity-crc": ({**INTEGRITY, "kind": "crc", "fields": {"beyond_chance": True}}, {**INTEGRITY, "kind": "crc", "fields": {"beyond_chance": False}}),
    "integrity-identity-conflict": ({**INTEGRITY, "kind": "identity-conflict"}, {**INTEGRITY, "kind": "checked"}),
    "integrity-malformed": ({**INTEGRITY, "kind": "malformed", "fields": {"beyond_chance": True}},
                            {**INTEGRITY, "kind": "malformed", "fields": {"beyond_chance": False}}),
    "integrity-replay": ({**INTEGRITY, "kind": "replay", "fields": {"what": "nonce"}}, {**INTEGRITY, "kind": "replay", "loopback": True}),
    "intention-default-allow": ({**INTENTION, "fields": {"policy": "allow", "known": True, "wildcard_deny": False}},
                                {**INTENTION, "fields": {"policy": "allow", "known": True, "wildcard_deny": True}}),
    "mesh-bypass-probe": ({**PROBE, "kind": "bypass"}, {**MESH, "kind": "bypass"}),
    "mesh-listener-plaintext": ({**MESH, "kind": "listener-plaintext"}, {**PROBE, "kind": "listener-plaintext"}),
    "mesh-plaintext-by-design": ({**PROBE, "kind": "listener-plaintext"}, {**MESH, "kind": "listener-plaintext"}),
    "remote-exec-enabled": ({"protocol": "remote-exec", "kind": "setting", "fields": {"disabled": False}},
                            {"protocol": "remote-exec", "kind": "setting", "fields": {"disabled": True}}),
    "rpc-unreadable": ({**UNREAD, "channel": "rpc"}, {**UNREAD, "channel": "rpc", "loopback": True}),
    "tls-old-version": ({**HELLO, "fields": {**SOUND, "old_version": True}}, {**HELLO, "fields": SOUND}),
    "tls-weak-suite": ({**HELLO, "fields": {**SOUND, "weak_suite": True}}, {**HELLO, "owner": "other", "fields": {**SOUND, "weak_suite": True}}),
    "tls-server-certificate-expired": ({**SERVER, "fields": {**GOOD, "valid": False, "good": False}}, {**SERVER, "fields": GOOD}),
    "tls-server-certificate-name": ({**SERVER, "fields": {**GOOD, "named": False, "good": False}}, {**SERVER, "fields": GOOD}),
    "vault-tls-seen": ({**TLS, "kind": "records", "channel": "ca"}, {**TLS, "kind": "records", "channel": "ca", "owner": "other"}),
}


def test_every_untested_signature_has_made_observations():
    assert {s.id for s in RULES.signatures if s.untested} <= set(MADE) <= set(SIGNATURES)


@pytest.mark.parametrize("name", sorted(MADE))
def test_an_untested_signature_tells_made_observations_apart(name):
    fires, silent = MADE[name]
    matcher = Matcher([SIGNATURES[name]])
    assert matcher.ballots([observation(**{"kind": "gossip", **fires})])
    assert not matcher.ballots([observation(**{"kind": "gossip", **silent})])


def test_nothing_that_accuses_matches_loopback():
    shown = [observation(**{"kind": "gossip", **fires, "loopback": True}) for fires, _ in MADE.values()]
    ballots = Matcher([s for s in RULES.signatures if s.vote.value == "fail"]).ballots(shown)
    assert [b.signature.id for b in ballots] == []
