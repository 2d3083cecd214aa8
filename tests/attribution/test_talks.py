import pytest

from consul_sniff.attribution.index import index
from consul_sniff.attribution.ports import PortBook
from consul_sniff.attribution.profile import Profile

from .made_facts import C1, CLEAR, S1, S2, SEALED, Made


def talks(made):
    return index(made.facts, PortBook(Profile(), {})).talks


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
    assert talks(made)[key].said[0].clear is clear


def test_a_reset_without_data_is_a_refusal():
    made = Made()
    refused = made.talk(S1, S2, 19000, payloads=(0, 0), flags=(2, 4 | 16))
    later = made.talk(S1, S2, 19001, payloads=(2, 2), flags=(2, 4 | 16))
    found = talks(made)
    assert found[refused].refused
    assert not found[later].refused


def test_of_several_protocols_the_one_that_says_most_gives_the_name():
    made = Made()
    key = made.talk(C1, S1, 8300)
    made.say(key, "consul-rpc", "mode", mode="tls").say(key, "tls", "records", SEALED, mode="3")
    assert talks(made)[key].speech.shape.protocol == "tls"
    made.say(key, "raft", "append-entries", SEALED, decrypted=True)
    assert talks(made)[key].speech.shape.protocol == "tls"
    made.say(key, "consul-rpc", "request", method="KVS.Get")
    assert talks(made)[key].speech.shape.protocol == "consul-rpc"


def test_a_question_about_a_speech_is_asked_once():
    made = Made()
    key = made.talk(C1, S1, 8300)
    made.say(key, "consul-rpc", "request", method="KVS.Get")
    speech, asked = talks(made)[key].speech, []

    def question(of):
        asked.append(of)
        return False

    assert [speech.once(question) for _ in range(3)] == [False] * 3
    assert asked == [speech]
