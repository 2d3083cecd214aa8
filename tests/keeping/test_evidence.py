import pytest

from consul_sniff.capture.records import packets
from consul_sniff.facts import Facts, Tally
from consul_sniff.keeping.evidence import Evidence
from consul_sniff.keeping.section import Section
from consul_sniff.keeping.window import Window
from consul_sniff.pipeline import Options
from consul_sniff.watch import Watch

from ..test_watch import Clocks as Ticking
from .kept import Clocks, Pieces, block, finding, report


def naming(*frames):
    """Facts that name these packets."""
    facts = Facts()
    for frame in frames:
        tally = facts.sightings[frame] = Tally()
        tally.add(1, 0, frame, "ping")
    return facts


def evidence(most=1 << 20):
    window = Window(1 << 20)
    return window, Evidence(window, Section(Clocks()), most)


def test_what_a_fact_names_is_there_when_it_proves_something_later():
    window, kept = evidence()
    window.add(block(b"a", b"b", b"c"), 1, 3)
    kept.learnt(naming(2))
    window.pop()  # long ago
    assert kept.report(report(finding("f", 2, says="said it")))
    assert (kept.proving, kept.missing) == (1, [])
    file = kept.file(None)
    assert b"b" + bytes(3) + b"\0\1\0\x13packet 2 of the run\0" in file
    assert b"f (high) Plaintext: said it" in file
    assert b"The 1 packets that prove findings." in file


def test_what_is_not_here_any_more_is_missing():
    window, kept = evidence()
    window.add(block(b"a"), 1, 1)
    kept.learnt(naming())
    window.pop()
    kept.learnt(naming(1))
    kept.report(report(finding("f", 1)))
    assert (kept.proving, kept.missing) == (0, [1])


def test_nothing_new_is_no_reason_to_write():
    window, kept = evidence()
    window.add(block(b"a"), 1, 1)
    kept.learnt(naming(1))
    assert kept.report(report(finding("f", 1)))
    assert not kept.report(report(finding("f", 1)))
    assert kept.report(report(finding("f", 1), finding("g", 1)))


def test_copies_are_bounded_and_what_proves_nothing_goes_first():
    window, kept = evidence(most=3_000)
    for frame in range(1, 31):
        window.add(block(bytes([frame]) * 44), frame, 1)
        kept.learnt(naming(*range(1, frame + 1)))
        kept.report(report(finding("f", 1, 2)))
    assert kept._size <= 3_000
    assert kept.missing == []
    assert {1, 2} <= set(kept._copies)
    assert len(kept._copies) == 10
    kept.report(report(finding("f", *range(1, 31))))
    assert len(kept.missing) == 20


class Keeper:
    """As the program does it, with a window of little more than a block."""

    def __init__(self, watch, most):
        self.watch, self.window = watch, Window(most)
        self.evidence = Evidence(self.window, Section(Clocks()))

    def records(self, one, _input, first):
        self.window.add(one, first, self.watch.screen.packets - first + 1)
        while self.window.full:
            self.window.pop()
        self.watch.hurry()

    def learnt(self, facts):
        self.evidence.learnt(facts)

    def event(self, event):
        pass

    def report(self, judged, *, final):
        self.window.close()
        self.evidence.report(judged)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain-c1", "rollout-c1", "acl_deny_plain-s1", "customports-apiclient", "wan-s1", "serf_plain-n1", "mesh_loopback-c1"])
def test_of_real_captures_nothing_is_missing_in_a_small_window(pcaps, name):
    path = pcaps / "lab" / f"{name}.pcap"
    watch = Watch(Options(), Ticking(0.0))
    keeper = Keeper(watch, 60_000)
    watch.taps.append(keeper)
    watch.subscribers.append(keeper)
    judged = watch.run([Pieces(path, 20)])
    assert keeper.evidence.missing == []
    whole = list(packets(path.read_bytes()[24:], next(iter(Pieces(path, 1))).dialect))
    named = {one.frame for found in judged.findings for one in found.evidence}
    assert {frame: keeper.evidence._copies[frame].data for frame in named} == {frame: whole[frame - 1].data for frame in named}
