import pytest

from consul_sniff.attribution.said_ports import consul_tags, learn, wan_name

from .made_facts import S1, Made, X


def test_a_servers_tags_name_its_ports_on_its_own_address_only():
    made = Made()
    key = made.gossip(S1, X, 17301, plain=(1, 0))
    made.member(key, "s1", S1, role="consul", port=17301, rpc_port=17300, wan_join_port=17302, grpc_port=17502,
                grpc_tls_port=17503)
    assert learn(made.facts) == {(S1, 17300): "rpc", (S1, 17302): "serf-wan",
                                 (S1, 17502): "grpc", (S1, 17503): "grpc-tls"}


def test_wan_members_are_named_node_dot_datacenter():
    assert wan_name("s1.DC1", {"dc": "dc1"})
    assert not wan_name("s1.dc2", {"dc": "dc1"})


def test_nomads_members_and_impossible_ports_name_nothing():
    made = Made()
    key = made.gossip(S1, X, 4648, plain=(1, 0))
    made.member(key, "n1", S1, role="nomad", dc=None, vsn=None, rpc_port=4647)
    made.member(key, "s2", X, role="consul", port=0, rpc_port=70000, grpc_port=True)
    assert learn(made.facts) == {}


def test_an_agents_own_words_are_about_the_host_that_answered():
    made = Made()
    key = made.talk(X, S1, 17500)
    made.claim(key, "agent", ("",), side=1, http_port=17500, serf_lan_port=17301, server=True)
    assert learn(made.facts) == {(S1, 17500): "http", (S1, 17301): "serf-lan"}


@pytest.mark.parametrize(("subject", "host", "expected"), [
    (("", 8443), "self", {(S1, 8443): "mesh-gateway"}), (("", 8443), "peer", {(X, 8443): "mesh-gateway"}),
    (("10.0.0.7", 8443), "self", {("10.0.0.7", 8443): "mesh-gateway"}), (("", 8443), None, {}), (("", 0), "self", {}),
    (("",), "self", {})])
def test_where_a_listener_is(subject, host, expected):
    made = Made()
    made.claim(made.talk(X, S1, 8500), "listener", subject, side=1, host=host, role="mesh-gateway")
    assert learn(made.facts) == expected


@pytest.mark.parametrize(("value", "consul"), [
    ({"role": "consul"}, True), ({"role": "node", "dc": "dc1", "vsn": "2"}, True), ({"role": "node"}, False),
    ({"role": "nomad", "dc": "dc1", "vsn": "1"}, False), ({}, False)])
def test_whose_tags_they_are(value, consul):
    assert consul_tags(value) is consul
