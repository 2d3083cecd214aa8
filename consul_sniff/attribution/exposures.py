"""Secrets that were sent in the clear off loopback: the rows, and observations for the controls."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..facts import Tally
from ..model import Protection
from ..report import Exposure
from .addresses import same_host, sort_key
from .talks import PROTOCOLS

if TYPE_CHECKING:
    from ..observation import Noted
    from .channels import Place
    from .index import Exposed, Index
    from .observations import Maker
    from .talks import Speech, Talk


def rows(index: Index) -> list[Exposure]:
    """One per secret, place and pair of hosts; what stays on a host is none."""
    found: dict[tuple[str, str | None, str, str, str, str], Tally] = defaultdict(Tally)
    for exposed in index.exposed:
        key, secret = exposed.conversation, exposed.secret
        if not same_host(key.source, key.destination):
            source, destination = key[1::-1] if _backwards(exposed, index.talks.get(key)) else key[:2]
            found[secret.kind, secret.fingerprint, secret.where, secret.path, source, destination].merge(exposed.tally)
    return [Exposure(kind, fingerprint, where, path, tally.count, tally.first, tally.last, source, destination,
                     tally.evidence)
            for (kind, fingerprint, where, path, source, destination), tally in sorted(
                found.items(), key=lambda item: (item[0][0], item[0][1] or "", *item[0][2:4], sort_key(item[0][4]),
                                                 sort_key(item[0][5])))]


def observe(index: Index, maker: Maker) -> list[Noted]:
    """One per conversation, side, kind and place."""
    found: dict[tuple[object, ...], list[Exposed]] = defaultdict(list)
    for exposed in index.exposed:
        found[exposed.conversation, exposed.side, exposed.secret.kind, exposed.secret.where].append(exposed)
    made = []
    for (key, side, kind, where), same in found.items():
        talk = index.talks.get(key)  # type: ignore[call-overload]
        if talk is None:
            continue
        tally = Tally()
        for exposed in same:
            tally.merge(exposed.tally)
        prints = sorted({exposed.secret.fingerprint for exposed in same if exposed.secret.fingerprint})
        summary = f"{kind} in the clear, {where}" + (f": {', '.join(prints[:3])}" if prints else "")
        observation = maker.make(talk, ("exposure", str(kind), Protection.PLAINTEXT), summary, tally,
                                 fields={"where": str(where)}, place=_place(talk, maker), side=int(str(side)))
        made.append(maker.directed(talk, 1, observation) if _backwards(same[0], talk) else observation)
    return made


def _backwards(exposed: Exposed, talk: Talk | None) -> bool:
    """Gossip has no client: there the responder of a conversation may be who sent the secret."""
    return exposed.side == 1 and talk is not None and "memberlist" in talk.protocols


def _clear(speech: Speech) -> str | None:
    clear = {word.protocol for word in speech.words if word.clear}
    return next((name for name in PROTOCOLS if name in clear), None)


def _place(talk: Talk, maker: Maker) -> Place:
    """Of the plaintext in it."""
    protocol = talk.speech.once(_clear)
    return maker.channels.place_of(talk, protocol) if protocol else maker.channels.place(talk)
