"""gRPC calls and their messages."""

import gzip

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders import grpc

from .http_feed import PRINT, TOKEN, claims_of, fields, secrets_of
from .test_xds import CLUSTER, LISTENER, field

XDS = b"/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
RESPONSE = field(1, b"v1") + field(2, CLUSTER) + field(2, LISTENER) + field(9, PEM)


def framed(message, flag=0):
    return bytes((flag,)) + len(message).to_bytes(4, "big") + message


def feed(call, data, size=1 << 20, side=1):
    out = []
    for at in range(0, len(data), size):
        out += call.data(side, data[at:at + size], first=at == 0)
    return out


@pytest.mark.parametrize(("path", "service"), [
    (XDS, "xds"), (b"/envoy.api.v2.ClusterDiscoveryService/StreamClusters", "xds"),
    (b"/envoy.service.auth.v3.Authorization/Check", "other"), (b"/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit", "other"),
    (b"/hashicorp.consul.dataplane.DataplaneService/GetEnvoyBootstrapParams", "dataplane"),
    (b"/hashicorp.consul.internal.peerstream.PeerStreamService/StreamResources", "peering"),
    (b"/hashicorp.consul.connectca.ConnectCAService/WatchRoots", "consul"),
    (b"/subscribe.StateChangeSubscription/Subscribe", "consul"), (b"/helloworld.Greeter/SayHello", "other"),
    (b"/hashicorp.nomad.x/Y", "other"), (b"", "other"), (b"\xff\xfe", "other"),
])
def test_services(path, service):
    assert grpc.service_of(path) == service


def test_a_call_with_a_token():
    [message] = grpc.Call(XDS, 0).request({b":path": XDS, b"x-consul-token": TOKEN.encode(), b"content-type": b"application/grpc"})
    assert fields(message) == {"path": XDS.decode(), "service": "xds"}
    [secret] = message.secrets
    assert (secret.kind, secret.fingerprint, secret.where) == ("acl-token", PRINT, "gRPC metadata x-consul-token")


def test_calls_of_others_fold_to_one():
    [message] = grpc.Call(b"/helloworld.Greeter/SayHello", 0).request({b"content-type": b"application/grpc"})
    assert fields(message) == {"path": "", "service": "other"}
    assert feed(grpc.Call(b"/helloworld.Greeter/SayHello", 0), framed(RESPONSE)) == []
    [message] = grpc.Call(XDS, 0).request({b"content-type": b"text/html"})
    assert fields(message) == {"path": "", "service": "other"}


def test_paths_that_are_no_paths_are_not_shown():
    assert grpc.Call(b"/hashicorp.consul.x/\x1b[31m", 0).shown == ""


@pytest.mark.parametrize("size", [1, 10, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_messages_in_pieces(size, packed):
    call = grpc.Call(XDS, 0)
    call.response(1, {b":status": b"200", b"grpc-encoding": b"gzip"})
    data = framed(gzip.compress(RESPONSE), 1) if packed else framed(RESPONSE)
    messages = feed(call, framed(b"") + data + data, size)
    assert [fields(m) for m in messages] == [{"service": "xds"}] * 2
    assert [s.kind for s in secrets_of(messages)] == ["private-key"] * 2
    assert None not in {s.fingerprint for s in secrets_of(messages)}
    assert [c.subject for c in claims_of(messages[:1])] == [("", 5432), ("", 21000)]


def test_a_message_over_the_budget_says_so():
    call = grpc.Call(XDS, 0)
    messages = feed(call, framed(RESPONSE + bytes(limits.BODY_BYTES)), 60_000)
    assert fields(messages[0]) == {"service": "xds", "body_cut": True}
    assert [s.kind for s in secrets_of(messages)] == ["private-key"]


def test_what_is_no_message_is_still_searched_for_keys():
    call = grpc.Call(XDS, 0)
    messages = feed(call, b"\x07junk" + PEM + b"junk", 30)
    assert [s.kind for s in secrets_of(messages)] == ["private-key"]


def test_behind_a_gap_keys_are_found_and_the_next_message_resumes():
    call = grpc.Call(XDS, 0)
    feed(call, framed(RESPONSE)[:100])
    call.gap(1)
    messages = feed(call, b"rest of it" + PEM) + feed(call, framed(RESPONSE))
    assert [s.kind for s in secrets_of(messages)] == ["private-key"] * 2
    assert [c.subject for c in claims_of(messages)] == [("", 5432), ("", 21000)]


def test_known_by_content():
    call = grpc.Call(None, None)
    assert feed(call, framed(b"hello")) == []
    messages = feed(call, framed(RESPONSE))
    assert [(m.kind, fields(m)) for m in messages] == [("response", {"service": "xds"})] * 2
    assert call.server == 1
    asked = feed(grpc.Call(None, None), framed(field(1, b"node") + field(4, b"type.googleapis.com/envoy.config.cluster.v3.Cluster")))
    assert [(m.kind, fields(m)) for m in asked] == [("request", {"path": "", "service": "xds"})]


def test_known_by_the_request_the_answer_is_still_an_answer():
    call = grpc.Call(None, None)
    feed(call, framed(field(1, b"node") + field(4, b"type.googleapis.com/envoy.config.cluster.v3.Cluster")), side=1)
    [message] = feed(call, framed(RESPONSE), side=0)
    assert (message.kind, call.server) == ("response", 0)
    assert [c.subject for c in message.claims] == [("", 5432), ("", 21000)]


@pytest.mark.parametrize("token", [b"", b"anonymous"])
def test_no_token_is_no_secret(token):
    assert secrets_of(grpc.Call(XDS, 0).request({b"x-consul-token": token})) == []


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=80)), max_size=8), st.sampled_from([XDS, None, b"/a/b"]))
def test_any_data(parts, path):
    call = grpc.Call(path, None)
    for side, data in parts:
        call.data(side, data, first=True)
    assert all(m.protocol == "grpc" for side in (0, 1) for m in call.close(side))
    assert call.over
