"""Facts by hand as the screen would have added them up: the inverse of rows.unrolled."""

from __future__ import annotations

import ctypes
from array import array

from consul_sniff.attribution.strangers import _numbers
from consul_sniff.facts import NOTHING, Facts
from consul_sniff.rows import FRAME, MoreRecord, Rows, SumRecord, TalkRecord


def rolled(facts):
    """All conversations but those with gossip's own counters, and all that was said in them, as rows; the rest as it is."""
    whole = facts.joined(Facts())
    keys = [key for key, one in whole.conversations.items()
            if all(getattr(one, name) == NOTHING for name in ("plain", "sealed1", "sealed0", "cut", "crc_good", "crc_bad", "replays"))]
    row_of = {key: t for t, key in enumerate(keys)}
    talks, more = (TalkRecord * len(keys))(), (MoreRecord * len(keys))()
    tunnels = {}
    for t, key in enumerate(keys):
        one = whole.conversations.pop(key)
        _put(talks[t], more[t], key, one)
        if one.tunnel:
            tunnels[t] = one.tunnel
    said = [(key, whole.sightings.pop(key)) for key in list(whole.sightings) if key.conversation in row_of]
    places, words, sums, heads = {}, {}, (SumRecord * len(said))(), array("I", [0] * len(keys))
    for number, (key, tally) in enumerate(said):
        t, it = row_of[key.conversation], sums[number]
        it.key = 2 * t + key.side << 32 | places.setdefault(tuple(key[2:]), len(places)) + 1
        it.count, it.first, it.last = tally.count, tally.first, tally.last
        for place, proof in enumerate(tally.evidence, 1):
            setattr(it, f"frame{place}", proof.input << FRAME | proof.frame)
            setattr(it, f"word{place}", words.setdefault(proof.summary, len(words)))
        it.next, heads[t] = heads[t], number + 1
    whole.rows = [Rows(_bytes(talks), _bytes(more), _bytes(sums), heads, tunnels, list(places), list(words), None)]
    return whole


def _put(talk, more, key, one):
    talk.k0, talk.k1, more.k2, more.k3, more.k4 = _numbers(*key)
    talk.flows, talk.opened, talk.port, talk.first_port = one.flows, one.opened, one.source_port, one.first_source_port
    talk.first, talk.last, talk.guessed = one.first, one.last, not one.certain
    talk.flags = one.flags[0] | one.flags[1] << 8
    for name in ("packets", "bytes", "payloads"):
        first, second = getattr(one, name)
        setattr(talk, name, first)
        setattr(more, name, second)
    talk.rest, more.rest = one.lost if key.transport == "tcp" else one.other
    source, destination = [[proof.input << FRAME | proof.frame for proof in side] + [0] * (3 - len(side)) for side in one.evidence]
    talk.frame, more.source2, more.source3 = source
    more.frame, more.frame2, more.frame3 = destination


def _bytes(records):
    return bytearray(memoryview(records).cast("B")) if ctypes.sizeof(records) else bytearray()
