import pytest
from communityid import CommunityID, FlowTuple
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.attribution.addresses import community_id, is_loopback, nowhere, order, same_host, sort_key
from consul_sniff.facts import Conversation, ConversationKey

v4, v6, ports = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.integers(1, 65535)


@given(st.one_of(st.tuples(v4, v4), st.tuples(v6, v6)), ports, ports, st.sampled_from(["tcp", "udp"]))
def test_the_community_id_is_the_one_of_the_reference(pair, sport, dport, transport):
    conversation = Conversation()
    conversation.first_source_port = sport
    make = FlowTuple.make_tcp if transport == "tcp" else FlowTuple.make_udp
    assert community_id(ConversationKey(*pair, dport, transport), sport) == CommunityID().calc(
        make(*pair, sport, dport))


def test_a_conversation_of_no_single_host_has_no_community_id():
    assert community_id(ConversationKey("others", "10.0.0.1", 8300, "tcp"), 0) == ""


def test_addresses_sort_as_numbers_ipv4_first_and_text_last():
    assert sorted(["others", "fd77::11", "10.0.0.21", "10.0.0.3", "fd77::2"], key=sort_key) == [
        "10.0.0.3", "10.0.0.21", "fd77::2", "fd77::11", "others"]


def test_conversations_sort_as_their_addresses_then_by_port_and_transport():
    keys = [ConversationKey(*key) for key in (
        ("10.0.0.3", "10.0.0.9", 53, "udp"), ("10.0.0.3", "10.0.0.21", 53, "tcp"), ("10.0.0.3", "10.0.0.21", 53, "udp"),
        ("10.0.0.3", "10.0.0.21", 8300, "tcp"), ("10.0.0.3", "fd77::1", 53, "tcp"), ("10.0.0.21", "10.0.0.3", 53, "udp"),
        ("fe80::1", "fe80::2", 53, "udp"), ("fe80::1%eth0", "fe80::2", 53, "udp"), ("fe80::1%eth01", "fe80::2", 53, "udp"),
        ("others", "10.0.0.3", 53, "udp"), ("others", "others", 53, "udp"))]
    assert sorted(keys[5:] + keys[:5], key=order) == keys


@pytest.mark.parametrize(("address", "loopback"), [
    ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
    ("fe80::1", False), ("others", False)])
def test_what_is_loopback(address, loopback):
    assert is_loopback(address) is loopback


def test_a_host_that_talks_to_its_own_address_never_leaves_it():
    assert same_host("10.0.0.1", "10.0.0.1")
    assert same_host("127.0.0.1", "127.0.0.2")
    assert not same_host("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(("address", "expected"), [("", True), ("0.0.0.0", True), ("::", True), ("::1", True), ("10.0.0.1", False)])
def test_addresses_that_name_no_host_to_others(address, expected):
    assert nowhere(address) is expected
