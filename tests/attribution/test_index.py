from copy import deepcopy

import pytest

from consul_sniff.attribution.ports import PortBook
from consul_sniff.attribution.profile import Profile
from consul_sniff.attribution.index import index
from consul_sniff.facts import ConversationKey

from .made_facts import CLEAR, S1, S2, SEALED, Made


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


@pytest.mark.parametrize(("protocol", "kind", "protection", "decrypted", "fields", "clear"), [
    ("consul-rpc", "request", CLEAR, False, {}, True),
    ("consul-rpc", "mode", CLEAR, False, {"mode": "tls"}, False),
    ("consul-rpc", "mode", CLEAR, False, {"mode": "tls-insecure"}, False),
    ("consul-rpc", "mode", CLEAR, False, {"mode": "yamux"}, True),
    ("memberlist", "ping", CLEAR, True, {}, False),
    ("tls", "records", SEALED, False, {}, False)])
def test_what_is_plaintext_on_the_wire(protocol, kind, protection, decrypted, fields, clear):
    made = Made()
    key = made.talk(S1, S2, 8300)
    made.say(key, protocol, kind, protection, decrypted=decrypted, **fields)
    assert read(made).talks[key].said[0].clear is clear


def test_a_reset_without_data_is_a_refusal():
    made = Made()
    refused = made.talk(S1, S2, 19000, payloads=(0, 0), flags=(2, 4 | 16))
    later = made.talk(S1, S2, 19001, payloads=(2, 2), flags=(2, 4 | 16))
    talks = read(made).talks
    assert talks[refused].refused
    assert not talks[later].refused
