"""What the screen adds up of what was said is what sessions add up that are given every flow."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from consul_sniff import limits, pipeline
from consul_sniff.decoders.fold import of_consul
from consul_sniff.decoders.sayings import Sayings
from consul_sniff.decoders.session import Session
from consul_sniff.facts import Conversation, Facts
from consul_sniff.rows import unrolled
from consul_sniff.screen import Screen

from ..conftest import PCAPS

if TYPE_CHECKING:
    from pathlib import Path

    from consul_sniff.decoders.fold import Telling

LAB = sorted(PCAPS.rglob("*.pcap"))


class Told(Sayings):
    """Counts the sums that the screen gives."""

    sums = 0

    def tell(self, *words) -> None:
        self.sums += 1
        super().tell(*words)


def learnt(paths: list[str], *, adds: bool, then: str = "", shares: int | None = None, telling: Telling = of_consul) -> tuple[Facts, int]:
    """``adds``: the screen adds up. ``then``: it tells, or forgets, after every block."""
    screen = Screen(quiet=adds, shares=shares)
    session = Session(screen=screen)
    session.sayings = session._known.sayings = session._shared.sayings = sayings = Told(session.facts, telling)
    screen.tells(sayings)
    for index, source in enumerate(pipeline.sources(paths)):
        screen.open(index)
        for block in source:
            pipeline.through(block, screen, session)
            if then == "forget":
                session.unlearn(screen)
            elif then:
                screen.tell()
        screen.close()
        pipeline.drain(screen, session)
    screen.tell()
    session.facts.add_up(screen.rows(), screen.crowd)
    return session.facts, sayings.sums + screen.tallies.said.used


def again(folder: Path, *paths: Path) -> list[str]:
    """Three copies of each: the second time all is known by heart, the third also how it ends."""
    copies = [folder / f"{number}-{path.name}" for number in range(3) for path in paths]
    for copy, path in zip(copies, paths * 3, strict=True):
        shutil.copy(path, copy)
    return list(map(str, copies))


def shown(facts: Facts) -> dict[str, object]:
    facts = unrolled(facts)
    tallies = {name: {key: (one.count, one.first, one.last, one.evidence) for key, one in getattr(facts, name).items()}
               for name in ("sightings", "exposures", "claims")}
    whose = {key: (one.conversation, one.side) for key, one in facts.claims.items()}
    talks = {key: [getattr(one, name) for name in Conversation.__slots__] for key, one in facts.conversations.items()}
    return {**tallies, "whose": whose, "talks": talks, "notes": facts.notes, "reasons": facts.reasons}


@pytest.mark.parametrize("path", LAB, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_is_the_same_as_without(tmp_path, path):
    paths = again(tmp_path, path)
    expected = shown(learnt(paths, adds=False)[0])
    assert shown(learnt(paths, adds=True)[0]) == expected
    assert shown(learnt(paths, adds=True, then="forget")[0]) == expected  # though all that was heard of live flows was fetched


@pytest.mark.parametrize("then", ["", "tell", "forget"])
def test_it_does_add_up_and_may_be_asked_at_any_time(tmp_path, then):
    paths = again(tmp_path, *[PCAPS / "lab" / name for name in ("plain-c1.pcap", "secure-c1.pcap")])
    facts, sums = learnt(paths, adds=True, then=then)
    assert sums > 40 or then == "forget"
    assert shown(facts) == shown(learnt(paths, adds=False)[0])


def test_beyond_the_bounds_it_is_the_same_for_the_shares_of_several_processes(monkeypatch, tmp_path):
    """What is decoded and what is added up here use the bounds up together."""
    monkeypatch.setattr(limits, "SIGHTINGS", 3 * limits.SHARES)
    monkeypatch.setattr(limits, "CLAIMS", 2 * limits.SHARES)
    paths = again(tmp_path, PCAPS / "lab" / "plain-c1.pcap")
    whole = learnt(paths, adds=True)[0]
    assert whole.notes["sightings over the limit"] > 10
    without = learnt(paths, adds=False)[0]
    assert {*unrolled(whole).sightings} == {*without.sightings}
    assert whole.notes == without.notes
    assert len(unrolled(whole).sightings) <= limits.SIGHTINGS
    parts = [learnt(paths, adds=True, shares=shares)[0] for shares in (0x0F, 0xF0)]
    parts[0].merge(parts[1])
    assert shown(parts[0]) == shown(whole)


def test_beyond_the_bounds_of_strangers_it_is_the_same_for_the_shares_of_several_processes(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "STRANGERS_SAID", 2 * limits.SHARES)
    paths = again(tmp_path, PCAPS / "lab" / "plain-c1.pcap", PCAPS / "dns" / "consul-dns.pcap")
    telling = {"telling": lambda protocol, kind, fields: protocol in {"memberlist", "raft"}}
    whole = learnt(paths, adds=True, **telling)[0]
    assert whole.notes["sightings without Consul over the limit"] > 10
    assert "sightings over the limit" not in whole.notes
    without = learnt(paths, adds=False, **telling)[0]
    assert {*unrolled(whole).sightings} == {*without.sightings}
    assert whole.notes == without.notes
    parts = [learnt(paths, adds=True, shares=shares, **telling)[0] for shares in (0x0F, 0xF0)]
    parts[0].merge(parts[1])
    assert shown(parts[0]) == shown(whole)


def test_it_counts_in_the_facts_that_a_run_goes_on_with():
    """As where a followed run begins with what an earlier one learnt."""
    screen = Screen(quiet=True)
    session = Session(screen=screen)
    before, session.facts = session.facts, Facts()
    for index, source in enumerate(pipeline.sources([str(PCAPS / "dns" / "consul-dns.pcap")] * 2)):
        screen.open(index)
        for block in source:
            pipeline.through(block, screen, session)
        screen.close()
        pipeline.drain(screen, session)
    assert screen.tallies.said.used > 0
    assert sum(session.facts.used["sightings"]) >= screen.tallies.said.used
    assert not any(before.used["sightings"])
