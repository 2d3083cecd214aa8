"""Which gossip keys are in use, as far as a keyring opens what was sealed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..facts import joined
from ..model import Protection
from .channels import Place
from .observations import tally_of

if TYPE_CHECKING:
    from ..facts import Tally
    from ..model import Scalar
    from ..observation import Noted
    from .observations import Maker
    from .pools import Pool
    from .talks import Speech, Talk


def _sealed(speech: Speech) -> list[tuple[int, int, Scalar]]:
    """What was sealed: its place, its side and the key that opened it."""
    return [(number, word.side, word.fields.get("key")) for number, word in enumerate(speech.words)
            if word.protocol == "memberlist" and word.kind == "sealed"]


def observe(pools: list[Pool], maker: Maker) -> list[Noted]:
    """Of all of Consul's pools together: a key that nobody uses is one that no pool uses."""
    made: list[Noted] = []
    used: set[str] = set()
    sealed = None
    for pool in pools:
        place = Place(pool.channel, pool.owner, pool.how)
        by_sender: dict[tuple[str, str], list[tuple[Talk, int, Tally]]] = defaultdict(list)
        closed: list[tuple[Talk, int, Tally]] = []
        for talk in pool.talks:
            for number, side, key in talk.speech.once(_sealed):
                sealed = sealed or (pool, talk)
                home = by_sender[talk.address(side), str(key)] if key else closed
                home.append((talk, side, talk.tallies[number]))
        keys = {key for _, key in by_sender}
        used |= keys
        for (_, key), where in sorted(by_sender.items()):
            talk, side, _ = where[0]
            made.append(maker.directed(talk, side, maker.make(
                talk, ("keyring", "key", Protection.ENCRYPTED), f"sealed with key {key}",
                joined(tally for _, _, tally in where), fields={"key": key, "keys": len(keys)}, place=place, side=side,
                decrypted=True)))
        if closed and (keys or maker.profile.keys):
            talk, side, _ = closed[0]
            made.append(maker.make(talk, ("keyring", "unopened", Protection.ENCRYPTED),
                                   "sealed gossip that no key of the keyring opens",
                                   joined(tally for _, _, tally in closed), place=place, side=side,
                                   fields={"keys": len(keys)}))
    if sealed is not None:
        pool, talk = sealed
        evidence = talk.conversation.sealed_evidence
        made += [maker.make(talk, ("keyring", "unused", Protection.ENCRYPTED), f"nobody uses key {key} of the keyring",
                            tally_of(talk, 1, evidence[0] or evidence[1] or talk.conversation.evidence[0]),
                            fields={"key": key}, place=Place(pool.channel, pool.owner, pool.how), decrypted=True)
                 for key in sorted(maker.profile.keys - used)]
    return made
