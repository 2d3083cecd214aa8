from copy import deepcopy

import pytest

from consul_sniff.attribution.index import index
from consul_sniff.attribution.ports import PortBook
from consul_sniff.attribution.profile import Profile
from consul_sniff.facts import ConversationKey

from .made_facts import C1, S1, S2, SEALED, Made


def read(made, said=None):
    return index(made.facts, PortBook(Profile(), said or {}))


def midstream():
    """Guessed the wrong way round: the responder's port 17300 looked like an ephemeral one."""
    made = Made()
    key = made.talk(S1, S2, 15000, own=17300, certain=False, payloads=(3, 7), lost=(11, 0))
    made.say(key, "consul-rpc", "response", side=0)
    made.claim(key, "agent", ("",), side=0)
    made.expose(key, side=1)
    return made, key


def test_a_conversation_guessed_wrong_is_turned_with_all_that_was_said_in_it():
    made, _ = midstream()
    turned = ConversationKey(S2, S1, 17300, "tcp")
    found = read(made, {(S1, 17300): "rpc"})
    assert list(found.talks) == [turned]
    talk = found.talks[turned]
    assert (talk.conversation.payloads, talk.conversation.lost) == ((7, 3), (0, 11))
    assert talk.said[0].side == 1
    assert (found.claims[0].conversation, found.claims[0].side) == (turned, 1)
    assert (found.exposed[0].conversation, found.exposed[0].side) == (turned, 0)


def test_the_facts_stay_as_they_were():
    made, key = midstream()
    before = deepcopy(made.facts.conversations[key].payloads)
    read(made, {(S1, 17300): "rpc"})
    assert list(made.facts.conversations) == [key]
    assert made.facts.conversations[key].payloads == before


def test_a_turned_conversation_joins_the_one_that_was_right_and_leaves_its_facts_alone():
    made, _ = midstream()
    right = made.talk(S2, S1, 17300, payloads=(1, 1))
    found = read(made, {(S1, 17300): "rpc"})
    assert list(found.talks) == [right]
    assert found.talks[right].conversation.payloads == (8, 4)
    assert made.facts.conversations[right].payloads == (1, 1)


@pytest.mark.parametrize(("certain", "said"), [(True, {(S1, 17300): "rpc"}), (False, {}),
                                                (False, {(S1, 17300): "rpc", (S2, 15000): "rpc"})])
def test_what_was_seen_or_is_no_better_the_other_way_stays(certain, said):
    made, key = midstream()
    made.facts.conversations[key].certain = certain
    assert list(read(made, said).talks) == [key]


def test_a_sighting_without_its_conversation_still_stands():
    made = Made()
    made.say(ConversationKey("others", S1, 8300, "tcp"), "consul-rpc", "request")
    assert [said.kind for talk in read(made).talks.values() for said in talk.said] == ["request"]


def test_the_same_said_elsewhere_as_often_as_you_like_is_one_speech():
    made = Made()
    for host, count in ((S1, 1), (S2, 9)):
        key = made.talk(C1, host, 443)
        made.say(key, "http", "response", side=1, api="other", status=200, count=count)
        made.say(key, "http", "request", api="other", method="GET", count=count)
    one, two = read(made).talks.values()
    assert one.speech is two.speech
    assert [[(said.side, said.kind, said.tally.count) for said in talk.said] for talk in (one, two)] == [
        [(0, "request", count), (1, "response", count)] for count in (1, 9)]


def test_a_shape_knows_no_fields():
    made = Made()
    for host, path in ((S1, "/a"), (S2, "/b")):
        made.say(made.talk(C1, host, 443), "http", "request", api="other", route=path)
    one, two = (talk.speech for talk in read(made).talks.values())
    assert one is not two
    assert one.shape is two.shape


def test_what_shows_something_by_itself_is_sorted_and_what_does_not_is_not_in_it():
    made = Made()
    made.say(made.talk(C1, S2, 443), "tls", "client-hello", SEALED, sni="example.org")
    made.say(made.talk(C1, S1, 443), "http", "request", api="consul")
    made.gossip(C1, S1, 7946, plain=(1, 0))
    made.say(made.talk(C1, S1, 53, "udp"), "dns", "query", zone="org")
    assert [talk.key[1:3] for talk in read(made).telling] == [(S1, 443), (S1, 7946)]
