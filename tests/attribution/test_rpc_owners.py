"""Consul's RPC, or Nomad's, or nobody can say."""

import pytest

from .made_facts import C1, S1, S2, S3, SEALED, Made, X, node, row


def place(attributed, key):
    found = row(attributed, key)
    return found.channel


@pytest.mark.parametrize(("method", "port", "channel"), [
    ("KVS.Apply", 9300, "rpc"), ("Catalog.Register", 4647, "rpc"), ("Node.UpdateStatus", 9300, "other"),
    ("Job.Register", 8300, "other"), ("Status.Leader", 8300, "rpc"), ("Status.Leader", 9300, "rpc"),
    ("ACL.ResolveToken", 9300, "rpc")])
def test_methods_tell_whose_it_is_and_where_they_do_not_the_channel_stays(method, port, channel):
    made = Made()
    key = made.rpc(S1, S2, port, method)
    assert place(made.attributed(), key) == channel


@pytest.mark.parametrize(("port", "ports", "owner"), [(8300, {}, "consul"), (9300, {}, "unknown"),
                                                      (9300, {"rpc": [9300]}, "consul")])
@pytest.mark.parametrize("what", ["raft", "status"])
def test_raft_and_status_alone_are_whose_the_port_is(port, ports, owner, what):
    made = Made()
    key = made.talk(S1, S2, port)
    if what == "raft":
        made.say(key, "raft", "append-entries")
    else:
        made.say(key, "consul-rpc", "request", method="Status.Peers")
    attributed = made.attributed(ports=ports)
    assert {one.owner for one in attributed.observations if one.protocol in ("raft", "consul-rpc")} == {owner}
    assert bool(attributed.nodes) is (owner == "consul")


def test_one_call_decides_for_all_servers_that_share_the_port():
    made = Made()
    made.rpc(S1, S2, 9300)
    raft = made.talk(S2, S3, 9300)
    made.say(raft, "raft", "append-entries")
    assert place(made.attributed(), raft) == "raft"


@pytest.mark.parametrize(("port", "owner"), [(9300, "consul"), (4647, "unknown")])
def test_a_host_that_speaks_consul_makes_raft_consuls_but_not_on_nomads_port(port, owner):
    made = Made()
    made.gossip(S1, S2, 8301, sealed=(2, 2))
    raft = made.talk(S1, S2, port)
    made.say(raft, "raft", "append-entries")
    assert {one.owner for one in made.attributed().observations if one.protocol == "raft"} == {owner}


def test_a_tag_that_names_the_rpc_port_makes_raft_there_consuls():
    made = Made()
    made.member(made.gossip(S1, S2, 7001, plain=(1, 1)), "s1", S1, role="consul", port=7001, rpc_port=9300)
    raft = made.talk(X, S1, 9300)
    made.say(raft, "raft", "append-entries")
    assert place(made.attributed(), raft) == "raft"


@pytest.mark.parametrize(("fields", "channel", "by"), [
    ({"mode": "3"}, "rpc", "content"), ({"mode": "7"}, "rpc", "content"), ({"mode": None}, "other", "content")])
def test_the_mode_byte_before_tls_is_consuls_own(fields, channel, by):
    made = Made()
    key = made.talk(C1, S1, 9300)
    made.say(key, "tls", "client-hello", SEALED, sni=None, alpn=None, **fields)
    found = row(made.attributed(), key)
    assert (found.channel, found.by, found.protocol) == (channel, by, "tls")


def test_consuls_alpn_tells_rpc_without_a_mode_byte():
    made = Made()
    key = made.talk(S1, S2, 8443)
    made.say(key, "tls", "client-hello", SEALED, sni="server.dc2.consul", alpn="consul/rpc-multi", mode=None)
    assert place(made.attributed(), key) == "rpc"


def test_nomad_on_a_consul_hosts_other_port_makes_no_node_of_a_nomad_client():
    made = Made()
    made.gossip(S1, S2, 8301, sealed=(2, 2))
    made.rpc(X, S1, 4647, "Node.UpdateAlloc")
    attributed = made.attributed()
    assert node(attributed, X) is None
