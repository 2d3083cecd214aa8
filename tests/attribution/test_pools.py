"""Whose memberlist is it? The rules one by one."""

import pytest

from consul_sniff.model import Protection

from .made_facts import C1, CLEAR, S1, S2, S3, SEALED, UUID, Made, X, node, of, row


def owner(attributed):
    owners = {one.owner for one in of(attributed, "memberlist", "gossip")}
    assert len(owners) == 1
    return owners.pop()


def test_one_consul_member_decides_for_its_pool_also_for_other_hosts_and_earlier_packets():
    made = Made()
    first = made.gossip(S2, S3, 7000, plain=(5, 5))
    made.say(first, "memberlist", "ping")
    last = made.gossip(S1, S2, 7000, plain=(5, 5))
    made.member(last, "s1", S1, role="consul", port=7000)
    attributed = made.attributed()
    assert owner(attributed) == "consul"
    assert row(attributed, first).channel == "gossip-lan"
    assert {one.address for one in attributed.nodes} == {S1, S2, S3}


def test_members_that_only_a_claim_names_belong_to_the_pool_that_named_them():
    made = Made()
    made.member(made.gossip(S1, S2, 7000, plain=(1, 1)), "s3", S3, role="consul", port=7001)
    other = made.gossip(S3, C1, 7001, plain=(1, 1))
    assert row(made.attributed(), other).channel == "gossip-lan"


@pytest.mark.parametrize("tags", [{"tags": "serf"}, {"tags": "none"}, {"tags": "serf", "role": "nomad"},
                                  {"tags": "other"}])
@pytest.mark.parametrize("port", [7946, 8301, 7000])
def test_a_pool_whose_members_have_other_tags_is_somebody_elses_on_any_port(tags, port):
    made = Made()
    key = made.gossip(S1, S2, port, plain=(9, 9))
    made.claim(key, "member", ("n1", S1), port=port, state="alive", incarnation=1, **tags)
    attributed = made.attributed()
    assert owner(attributed) == "other"
    assert attributed.nodes == []
    assert row(attributed, key).channel == "other"
    assert attributed.channels_seen == frozenset()


def test_a_consul_user_event_proves_the_pool():
    made = Made()
    key = made.gossip(S1, S2, 7000, plain=(9, 9))
    made.say(key, "memberlist", "user-event", name="other")
    assert owner(made.attributed()) == "other"
    made.say(key, "memberlist", "user-event", name="consul:new-leader")
    assert owner(made.attributed()) == "consul"


@pytest.mark.parametrize(("port", "ports", "expected"), [
    (8301, {}, "consul"), (8302, {}, "consul"), (7946, {}, "other"), (4648, {}, "other"), (7000, {}, "other"),
    (7000, {"serf-lan": [7000]}, "consul"), (7000, {"serf-wan": [7000]}, "consul"), (7000, {"rpc": [7000]}, "other")])
@pytest.mark.parametrize("sealed", [False, True])
def test_without_tags_the_port_decides(port, ports, expected, sealed):
    made = Made()
    key = made.gossip(S1, S2, port, **{"sealed" if sealed else "plain": (4, 4)})
    attributed = made.attributed(ports=ports)
    assert owner(attributed) == expected
    assert row(attributed, key).protection is (SEALED if sealed else CLEAR)


@pytest.mark.parametrize("speak", ["rpc", "api", "grpc"])
@pytest.mark.parametrize("sealed", [False, True])
def test_without_tags_on_a_port_of_nobodys_a_member_that_speaks_consul_decides(speak, sealed):
    made = Made()
    made.gossip(S1, S2, 7000, **{"sealed" if sealed else "plain": (4, 4)})
    if speak == "rpc":
        made.rpc(X, S1, 7300)
    else:
        key = made.talk(X, S1, 7500)
        made.say(key, *(("http", "response") if speak == "api" else ("grpc", "response")), side=1, api="consul",
                 service="xds")
    assert owner(made.attributed()) == "consul"


def test_who_only_calls_the_api_does_not_speak_consul():
    made = Made()
    made.gossip(S1, S2, 7000, plain=(4, 4))
    key = made.talk(S1, X, 8500)
    made.say(key, "http", "request", api="consul")
    made.say(key, "http", "response", side=1, api="consul")
    assert owner(made.attributed()) == "other"


def test_a_call_that_nobody_answered_proves_no_speaker():
    made = Made()
    made.gossip(S1, S2, 7000, plain=(4, 4))
    made.say(made.talk(S1, X, 7300, payloads=(1, 0)), "consul-rpc", "request", method="KVS.Get")
    assert owner(made.attributed()) == "other"


def test_a_swarm_on_hosts_that_also_run_consul_stays_a_swarm():
    made = Made()
    swarm = made.gossip(S1, S2, 7946, plain=(4, 4))
    made.gossip(S1, S2, 8301, sealed=(4, 4))
    made.rpc(S1, S2)
    attributed = made.attributed()
    assert row(attributed, swarm).channel == "other"
    assert node(attributed, S1).gossip == "encrypted"


def test_consul_on_serfs_port_is_told_by_what_else_its_hosts_speak():
    made = Made()
    made.gossip(S1, S2, 7946, plain=(4, 4))
    made.rpc(S1, S2)
    assert owner(made.attributed()) == "consul"


@pytest.mark.parametrize(("shape", "counts"), [
    ({"sealed": (2, 2)}, True),
    ({"sealed": (4, 0)}, False),  # one direction
    ({"sealed": (1, 1)}, False),  # too few
    ({"sealed": (2, 2), "own": 7001}, False),  # different ports
    ({"sealed": (2, 2), "other": (0, 1)}, False),  # something else, too
    ({"sealed": (2, 2), "sealed0": (1, 0)}, False),  # versions mixed
    ({"sealed0": (2, 2)}, True)])
def test_sealed_gossip_on_a_port_that_nobody_named(shape, counts):
    made = Made()
    made.rpc(S1, S2)
    key = made.gossip(S1, S2, 7000, **shape)
    found = row(made.attributed(), key)
    assert (found.protocol, found.channel) == (("memberlist", "gossip-lan") if counts else ("unknown", "other"))


def test_beside_a_socket_that_gossips_for_sure_one_direction_is_enough():
    made = Made()
    made.rpc(S1, S2)
    made.gossip(S1, S2, 7000, sealed=(2, 2))
    late = made.gossip(S1, S3, 7000, sealed=(1, 0))
    stray = made.gossip(C1, S3, 7001, sealed=(1, 0))
    attributed = made.attributed()
    assert row(attributed, late).channel == "gossip-lan"
    assert row(attributed, stray).channel == "other"


@pytest.mark.parametrize(("names", "port", "ports", "channel"), [
    (("s1", "s2"), 8301, {}, "gossip-lan"), (("s1.dc1", "s2.dc1"), 7002, {}, "gossip-wan"), ((), 8302, {}, "gossip-wan"),
    (("s1.dc1", "s2"), 7002, {}, "gossip-lan"), (("s1", "s2"), 7002, {"serf-wan": [7002]}, "gossip-wan")])
def test_wan_is_told_by_names_and_ports(names, port, ports, channel):
    made = Made()
    key = made.gossip(S1, S2, port, plain=(1, 1))
    for name, address in zip(names, (S1, S2), strict=False):
        made.member(key, name, address, role="consul", port=port)
    assert row(made.attributed(ports=ports), key).channel == channel


def test_the_wan_join_port_of_a_tag_makes_that_port_wan():
    made = Made()
    made.member(made.gossip(S1, S2, 7001, plain=(1, 1)), "s1", S1, role="consul", port=7001, wan_join_port=7002)
    wan = made.gossip(S1, S2, 7002, sealed=(2, 2))
    assert row(made.attributed(), wan).channel == "gossip-wan"


def test_push_pull_over_tcp_is_of_the_pool_of_the_port_it_calls():
    made = Made()
    made.gossip(S1, S2, 7000, plain=(1, 1))
    key = made.talk(S3, S2, 7000)
    made.say(key, "memberlist", "push-pull")
    made.member(key, "s3", S3, role="consul", port=7000)
    assert owner(made.attributed()) == "consul"


def test_gossip_inside_an_rpc_port_is_wan_gossip_through_a_mesh_gateway():
    made = Made()
    key = made.talk(S1, S2, 8300)
    made.say(key, "memberlist", "sealed", SEALED, version=1, key=None)
    made.rpc(S2, S1)
    assert row(made.attributed(), key).channel == "gossip-wan"


def test_two_pools_on_other_ports_are_told_apart():
    made = Made()
    made.member(made.gossip(S1, S2, 7000, plain=(1, 1)), "s1", S1, role="consul", port=7000)
    other = made.gossip(S1, S2, 7900, plain=(1, 1))
    made.claim(other, "member", ("n", S1), tags="serf", state="alive", incarnation=1, port=7900)
    attributed = made.attributed()
    assert {one.channel for one in attributed.conversations} == {"gossip-lan", "other"}
    assert UUID not in {one.name for one in attributed.nodes}


def test_bytes_nobody_can_read_on_a_pools_port_are_that_pools_by_port():
    made = Made()
    made.member(made.gossip(S1, S2, 7000, plain=(1, 1)), "s3", S3, role="consul", port=7001)
    key = made.talk(X, S3, 7001)
    assert row(made.attributed(), key)[4:8] == ("gossip-lan", "unknown", Protection.UNKNOWN, "port")


def test_random_udp_that_a_decoder_took_for_sealed_is_nothing():
    made = Made()
    key = made.talk(S1, S2, 443, "udp", payloads=(5, 0), other=(4, 0), sealed1=(1, 0))
    made.say(key, "memberlist", "sealed", SEALED, version=1, key=None)
    attributed = made.attributed()
    assert row(attributed, key).channel == "other"
    assert of(attributed, "memberlist", "gossip") == []


def test_a_port_on_which_most_datagrams_are_no_gossip_has_none_by_its_number():
    """Random bytes begin as sealed gossip does in one datagram of 128."""
    made = Made()
    made.gossip(X, S3, 8301, own=40000, sealed=(1, 0))
    made.talk(X, S2, 8301, "udp", other=(9, 0))
    assert of(made.attributed(), "memberlist") == []
    made.gossip(S1, S2, 8301, sealed=(2, 2))  # both ways and nothing else: gossip all the same
    assert {(one.source, one.destination) for one in of(made.attributed(), "memberlist", "gossip")} == {(S1, S2), (S2, S1)}
