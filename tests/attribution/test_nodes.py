"""The node table."""

import pytest

from .made_facts import API, C1, CLEAR, S1, S2, S3, SEALED, Made, X, node


def test_gossip_is_what_each_node_itself_sent():
    made = Made()
    made.gossip(S1, S2, plain=(0, 3), sealed=(5, 0))
    made.gossip(S2, C1, plain=(2, 1), sealed=(0, 4))
    attributed = made.attributed()
    assert [(one.address, one.gossip, one.gossip_plaintext, one.gossip_encrypted) for one in attributed.nodes] == [
        (S1, "encrypted", 0, 5), (S2, "plaintext", 5, 0), (C1, "mixed", 1, 4)]


def test_tcp_streams_count_once_a_stream():
    made = Made()
    key = made.talk(S1, S2, 8301, flows=2)
    made.say(key, "memberlist", "push-pull", count=2)
    made.say(key, "memberlist", "serf-push-pull", count=2)
    made.say(key, "memberlist", "sealed", SEALED, side=1, count=9, version=1, key=None)
    attributed = made.attributed()
    assert (node(attributed, S1).gossip_plaintext, node(attributed, S1).gossip_encrypted) == (2, 0)
    assert (node(attributed, S2).gossip_plaintext, node(attributed, S2).gossip_encrypted) == (0, 2)


def test_who_is_only_pinged_or_only_asks_the_api_is_no_node():
    made = Made()
    made.gossip(S1, X, plain=(4, 0))
    made.say(made.talk(API, S1, 8500), "http", "request", api="consul")
    assert [one.address for one in made.attributed().nodes] == [S1]


def test_who_a_member_names_is_a_node():
    made = Made()
    made.member(made.gossip(S1, S2, plain=(1, 1)), "c1", C1, build="1.14.4:abcdef")
    found = node(made.attributed(), C1)
    assert found[1:7] == ("c1", "client", "dc1", "1.14.4", "unknown", "unknown")


def test_the_lan_name_goes_before_the_wan_name_and_that_without_its_datacenter():
    made = Made()
    wan = made.gossip(S1, S2, 8302, plain=(1, 1))
    made.member(wan, "s1.dc1", S1, role="consul", port=8302)
    made.member(wan, "s2.dc1", S2, role="consul", port=8302)
    made.member(made.gossip(S1, S2, plain=(1, 1)), "server-one", S1, role="consul")
    attributed = made.attributed()
    assert (node(attributed, S1).name, node(attributed, S2).name) == ("server-one", "s2")


@pytest.mark.parametrize(("said", "status"), [
    ([("alive", 1)], "alive"),
    ([("alive", 1), ("suspect", 1)], "suspect"),
    ([("suspect", 1), ("dead", 1), ("alive", 1)], "dead"),
    ([("dead", 1), ("alive", 2)], "alive"),
    ([("left", 3), ("alive", 2)], "left"),
    ([("suspect", 5), ("dead", 4)], "suspect")])
def test_the_highest_incarnation_wins_then_the_worst_state(said, status):
    made = Made()
    key = made.gossip(S1, S2, plain=(1, 1))
    made.member(key, "s3", S3, role="consul", incarnation=0)
    for state, incarnation in said:
        made.claim(key, "member", ("s3", ""), state=state, incarnation=incarnation)
    assert node(made.attributed(), S3).status == status


def test_without_any_word_the_status_is_unknown():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    assert {one.status for one in made.attributed().nodes} == {"unknown"}


@pytest.mark.parametrize(("talks", "expected"), [(("rpc",), "plaintext"), (("tls",), "tls"), (("rpc", "tls"), "mixed")])
def test_rpc_is_what_was_sent_or_accepted(talks, expected):
    made = Made()
    for number, what in enumerate(talks):
        getattr(made, what)((C1, S2)[number], S1, 8300)
    assert node(made.attributed(), S1).rpc == expected


def test_keys_are_those_that_opened_what_the_node_sent():
    made = Made()
    key = made.gossip(S1, S2, sealed=(3, 1))
    made.say(key, "memberlist", "sealed", SEALED, version=1, key="sha256:bbbbbbbb")
    made.say(key, "memberlist", "sealed", SEALED, version=1, key="sha256:aaaaaaaa")
    made.say(key, "memberlist", "sealed", SEALED, side=1, version=1, key=None)
    attributed = made.attributed()
    assert node(attributed, S1).keys == ("sha256:aaaaaaaa", "sha256:bbbbbbbb")
    assert node(attributed, S2).keys == ()


def test_what_only_a_key_told_is_marked_and_gives_way_to_what_was_in_the_clear():
    made = Made()
    key = made.gossip(S1, S2, sealed=(2, 2))
    made.say(key, "memberlist", "alive", CLEAR, decrypted=True)
    made.member(key, "s1", S1, role="consul", decrypted=True)
    attributed = made.attributed()
    assert (node(attributed, S1).name, node(attributed, S1).role, node(attributed, S1).decrypted) == ("s1", "server", True)
    assert node(attributed, S1).gossip == "encrypted"
    assert not node(attributed, S2).decrypted
    made.member(key, "s1", S1, role="consul", incarnation=0)
    assert not node(made.attributed(), S1).decrypted


def test_rows_sort_as_numbers_ipv4_first():
    made = Made()
    for one, two in (("fd77::11", "fd77::2"), ("10.0.0.21", "10.0.0.3")):
        made.gossip(one, two, sealed=(2, 2))
    assert [one.address for one in made.attributed().nodes] == ["10.0.0.3", "10.0.0.21", "fd77::2", "fd77::11"]


def test_a_new_address_of_a_member_that_came_back_takes_the_name():
    made = Made()
    key = made.gossip(S1, S2, plain=(1, 1))
    made.member(key, "old", S3, incarnation=1)
    made.member(key, "new", S3, incarnation=1, at=10**15)
    made.claim(key, "member", ("old", ""), state="dead", incarnation=1)
    assert node(made.attributed(), S3).name == "new"
