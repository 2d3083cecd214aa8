import pytest

from consul_sniff.attribution.incomplete import incomplete

from .made_facts import C1, S1, S2, Made, X


def test_bytes_lost_where_no_encryption_shows_could_hide_something():
    made = Made()
    made.rpc(C1, S1, lost=(0, 70))
    made.talk(X, S1, 8300, lost=(30, 0))
    assert made.attributed().incomplete == ("rpc: 100 bytes of 2 conversations are not in the capture",)


@pytest.mark.parametrize("spoken", ["tls", "foreign", "loopback", "nothing-lost"])
def test_what_hides_nothing(spoken):
    made = Made()
    if spoken == "tls":
        made.tls(C1, S1, 8300, lost=(500, 500))
    elif spoken == "foreign":
        made.talk(X, S1, 443, lost=(500, 500))
    elif spoken == "loopback":
        made.rpc(S1, S1, lost=(500, 500))
    else:
        made.rpc(C1, S1)
    assert made.attributed().incomplete == ()


def test_bodies_that_were_not_read_to_their_end():
    made = Made()
    made.say(made.talk(C1, S1, 8500), "http", "response", side=1, api="consul", body_cut=True)
    assert made.attributed().incomplete == ("api: 1 body was not read to the end",)


def test_cut_gossip_and_overflows():
    made = Made()
    made.gossip(S1, S2, cut=(3, 1))
    made.facts.notes["claims over the limit"] = 1
    assert made.attributed().incomplete == ("all: more was claimed than is kept",
                                            "gossip-lan: 4 datagrams were cut by the capture")


def test_strangers_hide_what_the_mesh_is_sent_and_what_is_on_ports_that_the_traffic_named():
    made = Made()
    made.facts.notes["conversations without Consul folded"] = 1
    assert made.attributed().incomplete == ("mesh: more conversations without Consul than are kept apart",)
    found = incomplete([], None, made.facts, {"rpc"})
    assert found == tuple(f"{channel}: more conversations without Consul than are kept apart" for channel in ("mesh", "rpc"))


def test_gossip_of_which_only_one_direction_was_captured():
    made = Made()
    made.gossip(S1, S2, sealed=(3, 0))
    assert made.attributed().incomplete == ("gossip-lan: only one direction of the gossip is in the capture",)
    made.gossip(S1, C1, sealed=(1, 1))  # somebody answers: S2 may be down
    assert made.attributed().incomplete == ()


@pytest.mark.parametrize(("packets", "payloads", "flags", "told"), [
    ((3, 0), (1, 0), (24, 0), True),  # requests without answers
    ((0, 3), (0, 0), (0, 16), True),  # nothing but acknowledgements of what is not there
    ((3, 0), (0, 0), (2, 0), False),  # SYNs that nobody answers
    ((3, 0), (0, 0), (20, 0), False),  # resets, of a scan elsewhere
    ((2, 0), (1, 0), (24, 0), False),  # the capture ended in the middle
    ((3, 1), (1, 0), (24, 16), False)])
def test_connections_of_which_only_one_direction_was_captured(packets, payloads, flags, told):
    made = Made()
    made.talk(X, S1, 8500, packets=packets, payloads=payloads, flags=flags)
    assert (made.attributed().incomplete
            == ("api: only one direction of 1 conversations is in the capture",)) is told


@pytest.mark.parametrize(("dropped", "told"), [(1, "all: 1 packet was dropped by the capture"), (9, "all: 9 packets were dropped by the capture")])
def test_packets_that_a_live_capture_dropped_concern_every_channel(dropped, told):
    made = Made()
    made.gossip(S1, S2)
    made.facts.notes["capture-dropped"] = dropped
    assert made.attributed().incomplete == (told,)
