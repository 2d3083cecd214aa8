"""Who is drawn and who is not: the report is the one in which all are conversations like others."""

import random

import pytest

from consul_sniff import pipeline
from consul_sniff.attribution import Profile, attribute
from consul_sniff.attribution.index import index
from consul_sniff.attribution.ports import PortBook
from consul_sniff.facts import Facts
from consul_sniff.observation import Observations
from consul_sniff.report import Form
from consul_sniff.rows import unrolled

from ..rolled import rolled
from .made_facts import API, C1, S1, S2, SEALED, UUID, Made, X

PROFILE = Profile()


def everything(facts, profile=PROFILE):
    attributed = attribute(facts, profile)
    seen = sorted(repr([*one.ends, one.summary, one.sort, one.tally.count, one.tally.evidence, one.community_id]) for one in attributed.observations)
    return seen, attributed[1:]


def strangers(facts):
    return index(facts, PortBook(PROFILE, {}), "consul").strangers


def noise(made):
    """Conversations of others, of every sort."""
    made.say(made.talk(X, API, 443), "tls", "client-hello", SEALED, sni="example.org", mode=None)
    made.say(made.talk(X, API, 80), "http", "request", api="other", probe=False)
    made.say(made.talk(X, API, 53, "udp"), "dns", "query", zone="org")
    made.say(made.talk(API, X, 5353, "udp", payloads=(1, 0)), "dns", "query", zone="net")
    made.talk(X, API, 9999, payloads=(0, 0), packets=(1, 0))
    made.talk("fd00::1", "fd00::2", 443)
    made.talk("others", API, 444)
    made.talk("others", "others", 0, own=0)
    return made


def named():
    """Each of those is drawn, for another reason."""
    made = noise(Made())
    made.rpc(S1, S2)
    made.talk(C1, S1, 8500, payloads=(0, 0))  # by its port
    made.talk(S1, C1, 40_000, certain=False, own=8300)  # the wrong way round
    made.say(made.talk(C1, X, 40_001, "udp"), "dns", "query", zone="consul")  # by what was said
    made.talk(API, X, 40_001)  # beside it
    key = made.say(made.talk(C1, S1, 18_500), "http", "request", api="consul").talk(X, S1, 18_500)
    made.expose(made.talk(C1, API, 33_000), "acl-token")
    made.claim(key, "service", (API, 7_777), service="web").talk(X, API, 7_777)
    made.claim(key, "listener", ("fd00::2", 443), role="mesh", service="web")
    gossip = made.gossip(S1, C1, 8301, plain=(3, 3))
    made.member(gossip, "x", X, port=31_000)
    made.talk(C1, X, 31_000, "udp", own=31_000)
    made.say(made.talk(X, C1, 33_001), "tls", "client-hello", SEALED, sni=f"web.default.dc1.internal.{UUID}.consul", mode=None)
    made.talk(S1, C1, 33_001)
    return made


@pytest.mark.parametrize("made", [noise(Made()), named()], ids=["noise", "named"])
def test_the_report_is_the_same(made):
    assert everything(rolled(made.facts)) == everything(made.facts)


def test_captures_say_the_same(pcaps):
    for path in sorted(pcaps.glob("*/*.pcap")):
        facts = pipeline.read([str(path)], pipeline.Options())
        assert everything(facts) == everything(unrolled(facts)) == everything(rolled(unrolled(facts))), path


def test_random_facts_say_the_same():
    """Few hosts and ports, so that they meet; some of it is known to the facts, the rest is rows."""
    dice = random.Random(11)
    for _ in range(60):
        made = Made()
        for _ in range(dice.randrange(3, 25)):
            ends = dice.sample([S1, S2, C1, X], 2)
            port, transport = dice.choice([8300, 8301, 8500, 443, 5_000, 5_001]), dice.choice(["tcp", "udp"])
            key = made.talk(*ends, port, transport, own=dice.choice([0, 8300, 5_000, 44_000]), certain=dice.random() < 0.7,
                            payloads=dice.choice([(0, 0), (1, 0), (2, 3)]), other=(0, 0))
            said = dice.choice([(), ("tls", "records", SEALED), ("http", "request"), ("dns", "query"), ("consul-rpc", "request")])
            if said:
                fields = {"tls": {"mode": None}, "http": {"api": dice.choice(["other", "consul"])}, "dns": {"zone": "org"}}
                made.say(key, *said, side=dice.randrange(2), **fields.get(said[0], {"method": "KVS.Get"}))
        facts = made.facts
        assert everything(rolled(facts)) == everything(facts)
        half = Facts()
        for key in list(facts.sightings)[::2]:
            half.sightings[key] = facts.sightings.pop(key)
        assert everything(rolled(facts).joined(half)) == everything(facts.joined(half))


def test_what_nobody_named_stays_a_row():
    found = strangers(rolled(noise(Made()).facts))
    assert (len(found.near), len(found.far)) == (0, 8)
    assert len(strangers(rolled(named().facts)).far) == 7  # but for fd00::2:443, which somebody called a listener


def test_strangers_are_made_only_if_somebody_asks_for_what_they_said(monkeypatch):
    seen = attribute(rolled(noise(Made()).facts), PROFILE).observations
    assert isinstance(seen, Observations)
    assert not [bundle for bundle in seen.bundles(lambda few: few.channel == "rpc") if bundle.observations]
    assert not seen.lots
    asked = [one for bundle in seen.bundles(lambda few: few.protocol == "tls" and few.channel == "other") for one in bundle.observations]
    assert [(one.source, one.port, one.fields["sni"]) for one in asked] == [(X, 443, "example.org")]


def test_no_facts_no_strangers():
    assert (strangers(Facts()).near, strangers(Facts()).far) == ([], [])


FORM = Form(tuple(f"<{number}>" for number in range(14)), str)


def spelt(row):
    """What a row is in that form."""
    values = [*row[:6], row.protection.value, *row[7:10], *[f"{time // 10**9}.{time % 10**9 // 1000:06d}" for time in (row.first, row.last)], row.community_id]
    return "".join([*[text for pair in zip(FORM.around, map(str, values), strict=False) for text in pair], "<13>"])


def test_a_row_as_text_says_the_same():
    made = noise(Made())
    for number, conversation in enumerate(made.facts.conversations.values()):
        conversation.first += number * 1_001_999
        conversation.last += 999_999_999 - number
    found = strangers(rolled(made.facts))
    plain = [t for t in found.far if "others" not in found.row(t)]
    assert len(plain) == 6
    assert [found.written(t, FORM) for t in plain] == [spelt(found.row(t)) for t in plain]
    other = Form(tuple("abcdefghijklmn"), str)
    assert found.written(plain[0], other) != found.written(plain[0], FORM) == spelt(found.row(plain[0]))


def test_what_was_at_no_time_or_between_no_hosts_stays_a_row():
    made = noise(Made())
    for conversation in made.facts.conversations.values():
        conversation.first = 0
    found = strangers(rolled(made.facts))
    assert [found.written(t, FORM) for t in found.far] == [found.row(t) for t in found.far]
    found = strangers(rolled(noise(Made()).facts))
    assert [found.written(t, FORM) for t in found.far if "others" in found.row(t)] == [found.row(t) for t in found.far if "others" in found.row(t)] != []
