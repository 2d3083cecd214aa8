from __future__ import annotations

from consul_sniff.limits import TOLD

from .drive import packets
from .frames import tcp


def test_what_is_handed_on_says_where_it_is_from_and_comes_once():
    run = packets([tcp(seq=99, flags="S"), tcp(b"ab", 100), tcp(b"cd", 104), tcp(b"ef", 106)])
    assert [(p.side, p.data, p.frame, p.lost, p.start) for p in run.payloads] == [
        (0, b"ab", 2, 0, True), (0, b"cd", 3, 2, False), (0, b"ef", 4, 0, False)]
    # of all that the flow said so far a digest can be had, until something is lost; then it is told once more
    first, *after = run.payloads
    assert first.unit % 2
    assert first.sleeps == (TOLD, 0)
    assert [(p.unit, p.sleeps) for p in after] == [(0, None), (0, None)]
    assert list(run.screen.payloads()) == []
