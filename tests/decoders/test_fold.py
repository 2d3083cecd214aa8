import pytest

from consul_sniff import limits
from consul_sniff.decoders.fold import OTHERS, FlowState, fold_flow, orient, stranger
from consul_sniff.facts import ConversationKey, Facts
from consul_sniff.model import Claim, Flow, Message, Protection, Secret

A, B = "10.0.0.1", "10.0.0.2"


def flow(ports=(40000, 8300), *, number=1, transport="tcp", opener=None):
    made = Flow(number, 0, transport, (A, B), ports)
    made.opener = opener
    for side, way in enumerate(made.ways):
        way.packets, way.bytes, way.first, way.last, way.first_frame = 2, 100, 10 + side, 20 + side, 1 + side
    return made


class Said(FlowState):
    originator_seen = None

    @property
    def originator(self):
        return self.originator_seen


def message(**changes):
    return Message("http", "request", Protection.PLAINTEXT, "GET /v1/kv/a", (("route", "/v1/kv/*"),))._replace(**changes)


@pytest.mark.parametrize(("ports", "opener", "content", "hints", "expected"), [
    pytest.param((8300, 40000), 1, None, set(), (1, True), id="the SYN's sender originated"),
    pytest.param((8300, 40000), None, 1, set(), (1, True), id="who sent the request originated"),
    pytest.param((17300, 9000), None, None, {17300}, (1, False), id="a likely port is the responder's"),
    pytest.param((8300, 40000), None, None, set(), (1, False), id="the smaller port is the responder's"),
    pytest.param((40000, 8300), None, None, set(), (0, False), id="and the larger the originator's"),
    pytest.param((8301, 8301), None, None, {8301}, (0, True), id="equal ports: who was heard first"),
])
def test_who_originated(ports, opener, content, hints, expected):
    assert orient(flow(ports, opener=opener), content, frozenset(hints)) == expected


def test_what_was_said_is_turned_with_the_flow():
    facts = Facts()
    turned = flow((8300, 40000), opener=1)
    state = FlowState(turned)
    state.add(1, 10, 3, message(claims=(Claim("agent", (B,), ()),), secrets=(Secret("acl-token", "sha256:00", "x", "", 9),)))
    fold_flow(facts, turned, state, frozenset())
    key = ConversationKey(B, A, 8300, "tcp")
    assert list(facts.conversations) == [key]
    assert facts.conversations[key].source_port == 40000
    (said,), (exposed,), (claimed,) = facts.sightings, facts.exposures, facts.claims
    assert (said.conversation, said.side) == (key, 0)
    assert (exposed.conversation, exposed.side) == (key, 0)
    assert (facts.claims[claimed].conversation, facts.claims[claimed].side) == (key, 0)
    assert facts.sightings[said].evidence[0].frame == 3


def test_ephemeral_ports_are_folded():
    facts = Facts()
    for number, port in enumerate((40000, 40001, 40002)):
        fold_flow(facts, flow((port, 8300), number=number, opener=0), None, frozenset())
    (conversation,) = facts.conversations.values()
    assert (conversation.flows, conversation.packets, conversation.source_port) == (3, (6, 6), 0)
    assert (conversation.first, conversation.last) == (10, 21)


def test_a_secret_that_a_key_opened_is_no_exposure():
    facts, state = Facts(), FlowState(flow())
    state.add(0, 1, 1, message(secrets=(Secret("gossip-key", "sha256:00", "x", "", 9),), decrypted=True))
    fold_flow(facts, flow(), state, frozenset())
    assert not facts.exposures
    assert facts.sightings


def test_over_the_limit_is_folded_counted_and_said(monkeypatch):
    monkeypatch.setattr(limits, "CONVERSATIONS", 2)
    facts = Facts()
    for port in (1, 2, 3, 4):
        fold_flow(facts, flow((40000, port), opener=0), None, frozenset({1, 2, 3, 4}))
    assert facts.notes["conversations folded"] == 2
    assert [key.source for key in facts.conversations] == [A, A, OTHERS, OTHERS]
    assert any("more conversations" in reason for reason in facts.reasons)


def dns_only(protocol, kind, fields):
    return protocol == "dns"


@pytest.mark.parametrize(("said", "ports", "strange"), [
    pytest.param({}, (40000, 80), True, id="words that tell nothing"),
    pytest.param({"protocol": "dns"}, (40000, 80), False, id="words that tell"),
    pytest.param({"claims": (Claim("agent", (B,), ()),)}, (40000, 80), False, id="a claim"),
    pytest.param({"secrets": (Secret("acl-token", "sha256:00", "x", "", 9),)}, (40000, 80), False, id="a secret"),
    pytest.param({}, (40000, 8300), False, id="a likely port"),
    pytest.param({}, (8300, 80), True, id="an originator's port is any"),
])
def test_a_stranger_is_whom_nothing_tells_of(said, ports, strange):
    state = FlowState(flow(ports))
    state.add(0, 1, 1, message(**said))
    assert stranger(flow(ports), 0, frozenset({8300}), certain=True, telling=state.telling(dns_only)) is strange


def test_where_nobody_knows_who_originated_both_ports_count():
    assert [stranger(flow((8300, 80)), 0, frozenset({8300}), certain=certain, telling=False) for certain in (True, False)] == [True, False]


def test_strangers_sightings_have_a_part_of_the_room(monkeypatch):
    monkeypatch.setattr(limits, "STRANGERS_SAID", 1)
    facts = Facts()
    for port in (80, 81, 8300):
        state = FlowState(flow((40000, port)))
        state.add(0, 1, 1, message())
        fold_flow(facts, flow((40000, port), opener=0), state, frozenset({8300}), None, dns_only)
    assert [key.conversation.port for key in facts.sightings] == [80, 8300]
    assert facts.notes == {"sightings without Consul over the limit": 1}
    assert facts.reasons == {"more sightings without Consul than are kept (limit reached): what came later is counted, not reported"}


def test_sightings_over_the_limit_are_said(monkeypatch):
    monkeypatch.setattr(limits, "SIGHTINGS", 1)
    facts, state = Facts(), FlowState(flow())
    state.add(0, 1, 1, message(kind="request"))
    state.add(1, 2, 2, message(kind="response"))
    fold_flow(facts, flow(), state, frozenset())
    assert len(facts.sightings) == 1
    assert facts.reasons
