"""Signs that gossip was tampered with or repeated: checksums, replays, one name at two places.

CRC mismatches and malformed messages happen by chance (a bad cable, a capture's own faults): at least three and more
than one in a hundred are beyond it. Duplicates of a capture point were taken out by the screen.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from ..facts import NOTHING, joined
from ..model import Protection
from .addresses import parsed
from .channels import Place
from .nodes import sent
from .observations import tally_of
from .said_ports import consul_tags

if TYPE_CHECKING:
    from ..facts import Facts
    from ..observation import Noted
    from .index import Index, Stated
    from .observations import Maker
    from .pools import Pool
    from .talks import Talk

CHANCE: Final = 3
PER_CENT: Final = 100
MALFORMED: Final = "memberlist: malformed"


def beyond_chance(bad: int, all_: int) -> bool:
    return bad >= CHANCE and bad * PER_CENT > all_


def observe(pool: Pool, index: Index, maker: Maker) -> list[Noted]:
    """Of one of Consul's pools."""
    place = Place(pool.channel, pool.owner, pool.how)
    made = []
    for talk in pool.talks:
        made += _counted(talk, maker, place)
    made += _conflicts(pool, index, maker, place)
    if pool.talks:
        talk = pool.talks[0]
        count = sum(sum(side) for one in pool.talks for side in sent(one))
        evidence = talk.conversation.evidence[0] or talk.conversation.evidence[1]
        made.append(maker.make(talk, ("integrity", "checked", maker.channels.protection(talk)),
                               f"{count} gossip messages looked at", tally_of(talk, count, evidence), place=place))
    return made


def _counted(talk: Talk, maker: Maker, place: Place) -> list[Noted]:
    made: list[Noted] = []
    conversation = talk.conversation
    if conversation.crc_bad == conversation.replays == conversation.nonce_reuse == NOTHING:
        return made
    for side in (0, 1):
        evidence = conversation.evidence[side]
        plain = conversation.plain_evidence[side] or evidence
        bad = conversation.crc_bad[side]
        if bad:
            made.append(maker.make(
                talk, ("integrity", "crc", Protection.PLAINTEXT), f"{bad} CRC mismatches",
                tally_of(talk, bad, plain), side=side, place=place,
                fields={"beyond_chance": beyond_chance(bad, bad + conversation.crc_good[side])}))
        sealed = conversation.sealed_evidence[side] or evidence
        for name, kind, words in (("replays", "replay", "a message seen before, in another packet"),
                                  ("nonce_reuse", "nonce-reuse", "a nonce used twice with other bytes")):
            count = getattr(conversation, name)[side]
            if count:
                nonce = kind == "nonce-reuse" or not conversation.plain[side]
                made.append(maker.make(
                    talk, ("integrity", kind, Protection.ENCRYPTED if nonce else Protection.PLAINTEXT),
                    f"{count} times {words}",
                    tally_of(talk, count, conversation.integrity or (sealed if nonce else plain)), side=side,
                    place=place, fields={"what": "nonce" if nonce else "ping"}))
    return [maker.directed(talk, 1 if one.fields["said_by"] == "responder" else 0, one) for one in made]


def _conflicts(pool: Pool, index: Index, maker: Maker, place: Place) -> list[Noted]:
    """One name at two addresses of one family, both alive, with different ``id`` tags."""
    alive: dict[tuple[str, int], list[Stated]] = defaultdict(list)
    ended: set[str] = set()
    for stated in pool.members:
        name, where = str(stated.claim.subject[0]), parsed(str(stated.claim.subject[1]))
        if stated.value.get("state") in ("dead", "left"):
            ended.add(name)
        elif stated.value.get("state") == "alive" and where is not None and consul_tags(stated.value) \
                and stated.value.get("id") and stated.conversation is not None:
            alive[name, where.version].append(stated)
    made = []
    for (name, _), claims in sorted(alive.items()):
        found = _two(claims, gone=name in ended)
        if found:
            one, two = found
            tally = joined((one.tally, two.tally))
            made.append(maker.make(
                index.talks[two.conversation],  # type: ignore[index]
                ("integrity", "identity-conflict", Protection.ENCRYPTED if two.decrypted else Protection.PLAINTEXT),
                f"{name} is alive at {one.claim.subject[1]} and at {two.claim.subject[1]}, with different node ids",
                tally, side=two.side, place=place, decrypted=one.decrypted or two.decrypted))
    return made


def _two(claims: list[Stated], *, gone: bool) -> tuple[Stated, Stated] | None:
    """Two claims that cannot both be true at one time. A replaced host died first: then their times are apart."""
    last: dict[tuple[str, str], list[Stated]] = defaultdict(list)
    for stated in claims:
        last[str(stated.claim.subject[1]), str(stated.value["id"])].append(stated)
    spans = sorted((min(s.tally.first for s in same), max(s.tally.last for s in same), address, id_)
                   for (address, id_), same in last.items())
    latest = None  # of the spans so far, the one that lasts longest
    for span in spans:
        if latest is not None and latest[2] != span[2] and latest[3] != span[3] and (not gone or span[0] <= latest[1]):
            return last[latest[2:]][0], last[span[2:]][0]
        if latest is None or span[1] > latest[1]:
            latest = span
    return None


def malformed(facts: Facts, pools: list[Pool], all_pools: list[Pool], maker: Maker) -> list[Noted]:
    """Messages that broke off or contradicted themselves. Notes know no pool: told only where all gossip is Consul's."""
    bad = facts.notes.get(MALFORMED, 0)
    if not bad or not pools or len(pools) != len(all_pools) or any(input_.truncated for input_ in facts.inputs):
        return []
    pool = next((one for one in pools if one.talks), None)
    if pool is None:
        return []
    talk = pool.talks[0]
    whole = sum(side[0] for each in pools for one in each.talks for side in sent(one))
    return [maker.make(talk, ("integrity", "malformed", Protection.PLAINTEXT), f"{bad} malformed gossip messages",
                       tally_of(talk, bad, talk.conversation.plain_evidence[0] or talk.conversation.evidence[0]),
                       place=Place(pool.channel, pool.owner, pool.how),
                       fields={"beyond_chance": beyond_chance(bad, whole)})]
