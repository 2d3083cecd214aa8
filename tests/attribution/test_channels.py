"""What a conversation is for: content first, then the port."""

import pytest

from consul_sniff.model import Protection

from .made_facts import API, C1, CLEAR, S1, S2, SEALED, UUID, Made, X, of, row

SNI = f"web.default.dc1.internal.{UUID}.consul"


def seen(made, key, **profile):
    found = row(made.attributed(**profile), key)
    return found.channel, found.protocol, found.protection.value, found.by


@pytest.mark.parametrize(("port", "channel"), [(8300, "rpc"), (8501, "api"), (8500, "api"), (8503, "grpc"), (8502, "grpc"),
                                               (443, "other")])
def test_tls_without_content_is_placed_by_its_port(port, channel):
    made = Made()
    key = made.tls(X, S1, port)
    assert seen(made, key) == (channel, "tls", "encrypted", "port" if channel != "other" else "content")
    assert bool(made.attributed().channels_seen) is (channel != "other")


@pytest.mark.parametrize("named", ["tag", "user"])
def test_tls_on_a_port_that_a_tag_or_the_user_names(named):
    made = Made()
    made.member(made.gossip(S1, S2, 7001, plain=(1, 1)), "s1", S1, role="consul", port=7001,
                rpc_port=17300 if named == "tag" else None)
    key, elsewhere = made.tls(X, S1, 17300), made.tls(X, S2, 17300)
    profile = {"ports": {"rpc": [17300]}} if named == "user" else {}
    assert seen(made, key, **profile) == ("rpc", "tls", "encrypted", "port")
    assert seen(made, elsewhere, **profile)[0] == ("rpc" if named == "user" else "other")


@pytest.mark.parametrize(("port", "channel"), [(8200, "ca"), (8443, "mesh"), (21000, "mesh"), (19000, "envoy-admin")])
def test_ports_that_others_use_too_need_a_host_that_speaks_consul(port, channel):
    made = Made()
    key = made.tls(S1, X, port)
    assert {one.owner for one in of(made.attributed(), "tls")} <= {"unknown", "other"}
    made.gossip(S1, S2, sealed=(2, 2))
    attributed = made.attributed()
    assert row(attributed, key).channel == channel
    assert {one.owner for one in of(attributed, "tls")} == {"consul"}


@pytest.mark.parametrize("port", [8500, 17500, 80])
def test_consuls_api_is_told_by_content_on_any_port(port):
    made = Made()
    key = made.talk(API, S1, port)
    made.say(key, "http", "request", api="consul", method="GET", route="/v1/kv/*")
    assert seen(made, key) == ("api", "http", "plaintext", "content")


def test_other_http_on_the_api_port_is_not_known_to_be_consuls():
    made = Made()
    key = made.talk(API, S1, 8500)
    made.say(key, "http", "request", api="other", method="GET", route="/")
    assert {one.owner for one in of(made.attributed(), "http")} == {"unknown"}


def test_plaintext_grpc_inside_the_rpc_port_is_rpc_and_elsewhere_grpc():
    made = Made()
    made.rpc(C1, S1, 9300)
    inside, beside = made.talk(C1, S1, 9300 + 0), made.talk(C1, S1, 8502)
    inside = inside._replace(source=X)
    made.facts.conversations[inside] = made.facts.conversations[beside]
    for key in (inside, beside):
        made.say(key, "grpc", "request", service="xds")
    assert seen(made, inside)[:2] == ("rpc", "grpc")
    assert seen(made, beside)[:2] == ("grpc", "grpc")


@pytest.mark.parametrize("port", [8502, 8300])
def test_http2_that_shows_nothing_of_consul_needs_a_host_that_speaks_it(port):
    made = Made()
    key = made.talk(X, S1, port)
    made.say(key, "grpc", "http2")
    assert {one.owner for one in of(made.attributed(), "grpc")} == {"unknown"}
    made.gossip(S1, S2, sealed=(2, 2))
    attributed = made.attributed()
    assert {(one.owner, one.channel) for one in of(attributed, "grpc")} == {("consul", "grpc" if port == 8502 else "rpc")}


def test_grpc_on_a_servers_port_tag_is_rpc():
    made = Made()
    made.member(made.gossip(S1, S2, 7001, plain=(1, 1)), "s1", S1, role="consul", port=7001, rpc_port=9300)
    key = made.talk(X, S1, 9300)
    made.say(key, "grpc", "http2")
    assert seen(made, key)[0] == "rpc"


@pytest.mark.parametrize(("fields", "channel"), [
    ({"sni": SNI}, "mesh"), ({"sni": "web.service.consul"}, "other"), ({"sni": f"web.internal.{UUID}.example"}, "other"),
    ({"sni": f"v2.web.default.dc1.internal-v1.{UUID}.consul"}, "mesh"), ({"sni": "server.dc1.consul"}, "other")])
def test_a_mesh_name_in_tls_is_the_sure_sign(fields, channel):
    made = Made()
    key = made.talk(X, S1, 12345)
    made.say(key, "tls", "client-hello", SEALED, mode=None, alpn=None, **fields)
    assert seen(made, key)[0] == channel


@pytest.mark.parametrize(("uri", "channel"), [
    (f"spiffe://{UUID}.consul/ns/default/dc/dc1/svc/web", "mesh"),
    (f"spiffe://{UUID}.consul/ap/part1/ns/default/dc/dc1/svc/web", "mesh"),
    (f"spiffe://{UUID}.consul/gateway/mesh/dc/dc1", "mesh"),
    (f"spiffe://{UUID}.consul/agent/client/dc/dc1/id/c1", "other"), ("spiffe://cluster.local/ns/x/sa/y", "other")])
def test_a_spiffe_identity_of_a_service_is_mesh_and_an_agents_is_not(uri, channel):
    made = Made()
    key = made.talk(X, S1, 12345)
    made.say(key, "tls", "certificate", SEALED, side=1, mode=None, names="", spiffe=uri)
    assert seen(made, key)[0] == channel


@pytest.mark.parametrize(("zone", "port", "channel", "owner"), [
    ("consul", 53, "dns", "consul"), ("consul", 8600, "dns", "consul"), ("com", 53, "other", "other"),
    ("com", 8600, "dns", "unknown")])
def test_dns_is_consuls_by_zone_or_port(zone, port, channel, owner):
    made = Made()
    key = made.talk(X, S1, port, "udp")
    made.say(key, "dns", "response", side=1, zone=zone, answered=True)
    attributed = made.attributed()
    assert row(attributed, key).channel == channel
    assert {one.owner for one in of(attributed, "dns")} == {owner}


@pytest.mark.parametrize("proof", ["the zone, of another", "an agent", "the user"])
def test_other_names_on_the_dns_port_are_consuls_where_something_else_says_so(proof):
    made = Made()
    key = made.talk(X, S1, 8600, "udp")
    made.say(key, "dns", "response", side=1, zone="com", answered=True)
    if proof == "an agent":
        made.rpc(C1, S1)
    elif proof == "the zone, of another":
        made.say(made.talk(C1, S1, 8600, "udp"), "dns", "response", side=1, zone="consul", answered=True)
    attributed = made.attributed(**({"ports": {"dns": [8600]}} if proof == "the user" else {}))
    assert {one.owner for one in of(attributed, "dns")} == {"consul"}


def test_another_domain_is_the_users_to_name():
    made = Made()
    key = made.talk(X, S1, 53, "udp")
    made.say(key, "dns", "response", side=1, zone="corp", answered=True)
    assert seen(made, key)[0] == "other"
    assert seen(made, key, domain="corp")[0] == "dns"


def test_vault_is_consuls_only_where_an_agent_calls_it():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    for caller in (S1, X):
        made.say(made.talk(caller, "10.0.0.8", 8200), "vault", "request", path="/v1/sys/health")
    attributed = made.attributed()
    assert [(one.source, one.channel, one.owner) for one in of(attributed, "vault")] == [
        (S1, "ca", "consul"), (X, "ca", "other")]
    assert "ca" in attributed.channels_seen


def test_vault_alone_counts_as_traffic_seen():
    made = Made()
    made.say(made.talk(X, "10.0.0.8", 8200), "vault", "request")
    assert made.attributed().channels_seen == {"ca"}


def test_other_http_or_tls_on_vaults_port_does_not_count():
    made = Made()
    made.say(made.talk(X, "10.0.0.8", 8200), "http", "request", api="other")
    made.tls(X, "10.0.0.9", 8200)
    assert made.attributed().channels_seen == frozenset()


def test_a_mode_byte_then_tls_is_tls_and_encrypted():
    made = Made()
    key = made.tls(C1, S1, 8300, mode="3")
    made.say(key, "consul-rpc", "mode", CLEAR, mode="tls")
    assert seen(made, key) == ("rpc", "tls", "encrypted", "content")
    assert {one.protection for one in of(made.attributed(), "consul-rpc", "mode")} == {Protection.UNKNOWN}


def test_a_conversation_that_was_both_is_plaintext():
    made = Made()
    key = made.tls(C1, S1, 8300, mode="3")
    made.say(key, "consul-rpc", "request", method="KVS.Get")
    assert seen(made, key) == ("rpc", "consul-rpc", "plaintext", "content")


def test_the_envoy_admin_interface_is_told_by_content_on_any_port():
    made = Made()
    key = made.talk(X, S1, 9901)
    made.say(key, "envoy-admin", "response", side=1, path="/config_dump", status=200, admin=True)
    assert seen(made, key) == ("envoy-admin", "envoy-admin", "plaintext", "content")


def test_what_a_keyring_opened_is_no_plaintext():
    made = Made()
    key = made.gossip(S1, S2, sealed=(2, 2))
    made.say(key, "memberlist", "ping", CLEAR, decrypted=True)
    assert seen(made, key) == ("gossip-lan", "memberlist", "encrypted", "port")
