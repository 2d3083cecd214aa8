"""What gossip gives away about its members: by name in plaintext, by who gossips with whom where it is sealed.

Also each member as its tags describe it: role, ACLs, RPC TLS.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..facts import joined
from ..model import Protection
from .addresses import sort_key
from .channels import Place
from .nodes import sent, statuses
from .observations import tally_of
from .said_ports import consul_tags

if TYPE_CHECKING:
    from ..facts import ConversationKey, Tally
    from ..observation import Noted
    from .index import Index, Stated
    from .observations import Maker
    from .pools import Pool
    from .talks import Speech

ROLES = {"consul": "server", "node": "client"}
NAMES_SHOWN = 8
NAMING = ("ping", "indirect-ping", "suspect", "dead", "alive", "join", "leave")


def observe(pool: Pool, index: Index, maker: Maker) -> list[Noted]:
    """Of one of Consul's pools."""
    place = Place(pool.channel, pool.owner, pool.how)
    named = _named(pool, index, maker, place)
    return [*named, *_members(pool, index, maker, place), *_inferred(pool, maker, place)]


def _named(pool: Pool, index: Index, maker: Maker, place: Place) -> list[Noted]:
    by_talk: dict[ConversationKey, list[Stated]] = defaultdict(list)
    for stated in pool.members:
        if not stated.decrypted and stated.conversation is not None:
            by_talk[stated.conversation].append(stated)
    made = []
    for key in sorted(by_talk):
        names = sorted({str(stated.claim.subject[0]) for stated in by_talk[key]})
        tally = joined(stated.tally for stated in by_talk[key])
        tally.count = len(names)
        made.append(maker.make(index.talks[key], ("members", "named", Protection.PLAINTEXT),
                               f"plaintext gossip names {_list(names)}", tally, place=place,
                               side=by_talk[key][0].side))
    if made:
        return made
    for talk in pool.talks:  # mid-stream: pings name who they are for
        naming = talk.speech.once(_naming)
        if naming:
            made.append(maker.make(talk, ("members", "named", Protection.PLAINTEXT), "plaintext gossip names members",
                                   joined([talk.tallies[number] for number in naming]), place=place,
                                   side=talk.speech.words[naming[0]].side))
    return made


def _naming(speech: Speech) -> list[int]:
    """Which words name members in plaintext."""
    return [number for number, word in enumerate(speech.words)
            if word.protocol == "memberlist" and word.clear and word.kind in NAMING]


def _inferred(pool: Pool, maker: Maker, place: Place) -> list[Noted]:
    members = sorted(pool.hosts, key=sort_key)
    talk = next((talk for talk in pool.talks if any(sealed for _, sealed in sent(talk))), None)
    if talk is None:
        return []
    first = talk.conversation.sealed_evidence
    tally = tally_of(talk, len(members), first[0] or first[1] or talk.conversation.evidence[0])
    return [maker.make(talk, ("members", "inferred", Protection.ENCRYPTED),
                       f"sealed gossip; who gossips with whom shows {len(members)} members: {_list(members)}", tally,
                       place=place)]


def _members(pool: Pool, index: Index, maker: Maker, place: Place) -> list[Noted]:
    """One per member and pool; learnt with a key or not."""
    last = statuses(pool)
    found: dict[tuple[str, bool], list[Stated]] = defaultdict(list)
    for stated in pool.members:
        if consul_tags(stated.value) and stated.conversation is not None:
            found[str(stated.claim.subject[1]), stated.decrypted].append(stated)
    made = []
    for (address, decrypted), claims in sorted(found.items()):
        shown: dict[tuple[str | None, ...], list[Stated]] = defaultdict(list)
        for stated in claims:
            shown[tuple(None if stated.value.get(tag) is None else str(stated.value[tag])
                        for tag in ("role", "acls", "use_tls"))].append(stated)
        for (role, acls, use_tls), same in sorted(shown.items(), key=repr):
            name = str(same[0].claim.subject[0])
            tally: Tally = joined(stated.tally for stated in same)
            observation = maker.make(
                index.talks[same[0].conversation], ("members", "member", _how(same[0])),  # type: ignore[index]
                f"{name} says of itself: {ROLES.get(str(role), role)}"
                + (f", acls={acls}" if acls is not None else "") + (f", use_tls={use_tls}" if use_tls else ""),
                tally, place=place, side=same[0].side, decrypted=decrypted,
                fields={"role": ROLES.get(str(role), "unknown"), "acls": acls, "use_tls": use_tls,
                        "status": last.get(name, "unknown")})
            made.append(observation.between((address, _other_end(observation, address), observation.port)))
    return made


def _how(stated: Stated) -> Protection:
    return Protection.ENCRYPTED if stated.decrypted else Protection.PLAINTEXT


def _other_end(observation: Noted, address: str) -> str:
    return observation.destination if observation.destination != address else observation.source


def _list(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")

