import sys

from consul_sniff.matching.matcher import Matcher
from consul_sniff.matching.schema import Condition
from consul_sniff.model import Vote
from consul_sniff.observation import Observations

from .made_rules import observation, signature


def matched(*observations, **parts):
    ballots = Matcher([signature(**parts)]).ballots(observations)
    return list(ballots[0].observations) if ballots else []


def test_all_conditions_of_a_group_and_any_of_the_groups():
    groups = (
        (Condition("protocol", "exact", ("memberlist",)), Condition("fields.version", "exact", (1,))),
        (Condition("protocol", "exact", ("raft",)),),
    )
    one, other, raft = observation(fields={"version": 1}), observation(fields={"version": 0}), observation("raft", "entry")
    assert matched(one, other, raft, match=groups) == [one, raft]


def test_unless_takes_out():
    unless = ((Condition("source", "cidr", ("10.0.0.0/24",)), Condition("kind", "exact", ("gossip",))),)
    inside, outside = observation(), observation(source="10.0.1.1")
    assert matched(inside, outside, unless=unless) == [outside]


def test_destination_and_fields_are_asked_of_each_observation():
    match = ((Condition("protocol", "exact", ("memberlist",)), Condition("destination", "exact", ("10.0.0.7",))),)
    found = matched(observation(), observation(destination="10.0.0.7"), match=match)
    assert [o.destination for o in found] == ["10.0.0.7"]


def test_decrypted_facts_count_only_where_a_signature_speaks_of_them():
    secret = observation(decrypted=True)
    assert matched(secret) == []
    spoken = ((Condition("protocol", "exact", ("memberlist",)), Condition("decrypted", "exact", (True, False))),)
    assert matched(secret, match=spoken) == [secret]


def test_a_signature_without_a_protocol_sees_all():
    match = ((Condition("channel", "exact", ("rpc",)),),)
    rpc = observation("tls", "records", channel="rpc")
    assert matched(rpc, observation("raft", "entry", channel="raft"), match=match) == [rpc]


def test_a_lot_is_split_only_where_a_signature_asks_for_what_it_has_in_common():
    seen, split = Observations(), []
    for one in (observation(), observation("http")):
        seen.lot(one.sort.few, lambda few, parts: split.append(few.protocol) or parts).add(Observations([one]).bundle(one.sort))
    (ballot,) = Matcher([signature()]).ballots(seen)
    assert [one.protocol for one in ballot.observations] == split == ["memberlist"]


def test_not_on_the_protocol_leaves_it_open():
    match = ((Condition("protocol", "not", ("memberlist",)),),)
    tls = observation("tls", "records")
    assert matched(observation(), tls, match=match) == [tls]


def test_ballots_come_in_the_order_of_signatures():
    ballots = Matcher([signature("b"), signature("a", vote=Vote.PASS), signature("c", match=((Condition("kind", "exact", ("x",)),),))])
    assert [b.signature.id for b in ballots.ballots([observation()])] == ["b", "a"]


def test_a_thousand_signatures_cost_little_more_than_those_that_match():
    few = [signature(f"s{n}") for n in range(10)]
    many = [*few, *(signature(f"m{n}", match=((Condition("protocol", "exact", ("memberlist",)), Condition("channel", "exact", ("dns",)),
                                                Condition("fields.version", "exact", (1,))),)) for n in range(990))]
    seen = [observation(source=f"10.0.{n >> 8}.{n & 255}") for n in range(20_000)]

    def cost(signatures):
        """Function calls, Python's and C's: a clock says something else on a busy machine."""
        matcher, calls = Matcher(signatures), 0

        def count(_frame, event, _function):
            nonlocal calls
            calls += event in {"call", "c_call"}

        sys.setprofile(count)
        try:
            matcher.ballots(seen)
        finally:
            sys.setprofile(None)
        return calls

    assert cost(many) < 1.1 * cost(few)


def test_ends_are_asked_by_group_with_what_takes_out():
    match = ((Condition("source", "cidr", ("10.0.0.0/24",)), Condition("destination", "exact", ("10.0.0.7",))),
             (Condition("destination", "cidr", ("10.9.0.0/16",)),))
    unless = ((Condition("source", "in", ("10.0.0.66",)),),)
    seen = [observation(source=source, destination=destination) for source in ("10.0.0.5", "10.0.0.66", "10.0.1.5")
            for destination in ("10.0.0.7", "10.9.1.1", "10.8.1.1")]
    assert [(one.source, one.destination) for one in matched(*seen, match=match, unless=unless)] == [
        ("10.0.0.5", "10.0.0.7"), ("10.0.0.5", "10.9.1.1"), ("10.0.1.5", "10.9.1.1")]


def test_true_is_not_one_in_what_signatures_ask_alike():
    loop = observation(loopback=True)
    assert matched(loop, match=((Condition("loopback", "exact", (1,)),),)) == []
    both = [signature("a", match=((Condition("loopback", "exact", (1,)),),)), signature("b", match=((Condition("loopback", "exact", (True,)),),))]
    assert [ballot.signature.id for ballot in Matcher(both).ballots([loop])] == ["b"]
