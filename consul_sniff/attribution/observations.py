"""Observations: how one is made, those of single sightings, and those that only the screen's counters show.

The screen hands decoders only some gossip datagrams; how many were plaintext or sealed are its counters, so those make
the ``memberlist/gossip`` observations, while names, keys and events come from sightings. Nothing is judged here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..facts import Tally, joined
from ..model import Evidence, Grade, Protection, Scalar
from ..report import Observation, Sort
from .addresses import community_id
from .channels import RPC_CHANNELS, mesh_identity
from .nodes import plain_and_sealed, sent
from .pools import sealed_counts, sockets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..report import Bundle, Observations
    from .channels import Channels, Place
    from .pools import Pool
    from .profile import Profile
    from .roles import Roles
    from .talks import Said, Talk

OLD: Final = frozenset({"SSL 2.0", "SSL 3.0", "SSLv2", "SSLv3", "TLS 1.0", "TLS 1.1"})
WEAK: Final = ("NULL", "EXPORT", "RC4", "3DES", "_DES_", "DES40", "_anon_", "DES-CBC")
#: gossip that arrived as bytes of a kind nobody decoded is judged from counters alone
FROM_COUNTERS: Final = "gossip"


def grade(talk: Talk, side: int, count: int, protection: Protection = Protection.UNKNOWN) -> Grade:
    """How hard it is to forge: TCP and answered datagrams need a host that really is there.

    A single plaintext datagram of a sender that else seals what it sends here is as good as unsolicited, however many
    messages it holds: anybody can have sent that.
    """
    conversation = talk.conversation
    if talk.key.transport == "tcp":
        return Grade.TWO_WAY
    if protection is Protection.PLAINTEXT and conversation.plain[side] == 1 and sealed_counts(talk)[side]:
        return Grade.UNSOLICITED
    if conversation.payloads[0] and conversation.payloads[1]:
        return Grade.TWO_WAY
    return Grade.REPEATED if (conversation.payloads[side] or count) > 1 else Grade.UNSOLICITED


def tally_of(talk: Talk, count: int, evidence: Iterable[Evidence]) -> Tally:
    """A tally for what counters, not messages, show."""
    return Tally(count, talk.conversation.first, talk.conversation.last, tuple(evidence))


class Maker:
    """Makes observations: adds place, loopback, grade, Community ID."""

    def __init__(self, channels: Channels, roles: Roles, profile: Profile) -> None:
        self.channels, self.roles, self.profile = channels, roles, profile
        self._sorts: dict[tuple[object, ...], Sort] = {}
        self._spoken: dict[tuple[object, ...], list[Bundle]] = {}  # of all that is said in a conversation

    def community(self, talk: Talk) -> str:
        if talk.community is None:
            talk.community = community_id(talk.key, talk.conversation)
        return talk.community

    def make(self, talk: Talk, what: tuple[str, str, Protection], summary: str, tally: Tally, *,
             fields: Mapping[str, Scalar] | None = None, place: Place | None = None, side: int = 0,
             decrypted: bool = False) -> Observation:
        """An observation of ``what`` (protocol, kind, protection) in a conversation.

        ``side`` said it. Evidence without words gets the summary. A field of a kind has values of one type (or None).
        """
        place = place or self.channels.place(talk)
        source, destination, port, transport = talk.key
        between = self._between(talk, place)
        rank = grade(talk, side, tally.count, what[2])
        known = (what, place, transport, talk.loopback, rank, decrypted, side, between, tuple(fields.items()) if fields else ())
        sort = self._sorts.get(known)
        if sort is None:
            sort = self._sorts[known] = Sort(*what, place, transport, talk.loopback, rank, decrypted,
                                             _with_ends(fields or {}, side, between))
        return Observation(sort, source, destination, port, summary, worded(tally, summary), self.community(talk))

    def sightings(self, talk: Talk, seen: Observations) -> None:
        """One observation per sighting, when somebody looks at it."""
        for group, said in zip(self._groups(talk, seen), talk.said, strict=True):
            group.waiting.append((talk, said))

    def sighting(self, sort: Sort, talk: Talk, said: Said) -> Observation:
        """In the words of its decoder."""
        source, destination, port, _ = talk.key
        if said.side and said.protocol == "memberlist":
            source, destination, port = _ends_of_responder(talk)
        tally = said.tally
        summary = tally.evidence[0].summary if tally.evidence else f"{said.protocol} {said.kind}"
        return Observation(sort, source, destination, port, summary, worded(tally, summary), self.community(talk))

    def _groups(self, talk: Talk, seen: Observations) -> list[Bundle]:
        """Of each sighting. Most is said by many in the same places: then their sorts are the same, too."""
        places = [self.channels.place_of(talk, protocol) for protocol in talk.speech.places]
        grades = None if talk.key.transport == "tcp" else tuple([
            grade(talk, said.side, said.tally.count, _shown(said)) for said in talk.said])
        between = self.roles.between(talk) if any(place.channel in RPC_CHANNELS for place in places) else ""
        known = (talk.speech, talk.loopback, between, grades, *places)
        groups = self._spoken.get(known)
        if groups is None:
            groups = self._spoken[known] = [seen.group(self._sort(talk, said, rank), self.sighting) for said, rank in zip(
                talk.said, grades or [Grade.TWO_WAY] * len(talk.said), strict=True)]
        return groups

    def _sort(self, talk: Talk, said: Said, rank: Grade) -> Sort:
        place = self.channels.place_of(talk, said.protocol)
        between = self._between(talk, place)
        known = (said.word, said.side, rank, place, talk.key.transport, talk.loopback, between)
        sort = self._sorts.get(known)
        if sort is None:
            fields = _with_ends({**said.fields, **_more(said, self.profile.domain)}, said.side, between)
            sort = self._sorts[known] = Sort(said.protocol, said.kind, _shown(said), place, talk.key.transport,
                                             talk.loopback, rank, said.decrypted, fields)
        return sort

    def _between(self, talk: Talk, place: Place) -> str:
        return self.roles.between(talk) if place.channel in RPC_CHANNELS else ""

    def directed(self, talk: Talk, side: int, observation: Observation) -> Observation:
        """Gossip has no client: observations go from who sent to who received, or the wrong node is accused.

        Over TCP the port stays the responder's: the originator's is ephemeral.
        """
        if side == 0:
            return observation
        source, destination, port = _ends_of_responder(talk)
        return Observation(observation.sort, source, destination, port, *observation[4:])


def _shown(said: Said) -> Protection:
    """A mode byte that only announces TLS is no plaintext that anybody could fail on."""
    hidden = said.kind == "mode" and not said.clear and said.protection is Protection.PLAINTEXT
    return Protection.UNKNOWN if hidden and not said.decrypted else said.protection


def _ends_of_responder(talk: Talk) -> tuple[str, str, int]:
    """Source, destination and port of what the responder said."""
    key = talk.key
    return key.destination, key.source, key.port if key.transport == "tcp" else sockets(talk)[0][1]


def _with_ends(fields: Mapping[str, Scalar], side: int, between: str) -> dict[str, Scalar]:
    shown: dict[str, Scalar] = {**fields, "said_by": "responder" if side else "originator"}
    if between:
        shown.setdefault("between", between)
    return shown


def worded(tally: Tally, summary: str) -> Tally:
    """The tally with the summary wherever its evidence has no words of its own."""
    for _, _, words in tally.evidence:
        if not words:
            break
    else:
        return tally
    return Tally(tally.count, tally.first, tally.last, tuple([
        evidence if evidence.summary else Evidence(evidence.input, evidence.frame, summary) for evidence in tally.evidence]))


def _more(said: Said, domain: str) -> dict[str, Scalar]:
    if said.protocol == "tls" and said.kind == "server-hello":
        suite = str(said.fields.get("suite") or "")
        return {"old_version": said.fields.get("version") in OLD, "weak_suite": any(weak in suite for weak in WEAK)}
    if said.protocol == "tls" and said.kind in ("client-hello", "certificate"):
        return {"mesh": mesh_identity(said, domain) is not None}
    return {}


def of_gossip(pool: Pool, talk: Talk, maker: Maker) -> list[Observation]:
    """Plaintext and sealed gossip of each sender, with exact counts."""
    made = []
    place = maker.channels.place_of(talk, "memberlist")
    for side in (0, 1):
        for protection, form, version, tally in _gossip(talk, side):
            word = "plaintext" if protection is Protection.PLAINTEXT else "sealed"
            summary = f"{tally.count} {word} memberlist {form}" if tally.count != 1 \
                else f"{word} memberlist {form[:-1] if form == 'datagrams' else form}"
            made.append(maker.directed(talk, side, maker.make(
                talk, ("memberlist", FROM_COUNTERS, protection), summary, tally,
                fields={"form": form, "version": version, "pool": "wan" if pool.wan else "lan"},
                place=place, side=side)))
        if talk.conversation.cut[side]:
            tally = tally_of(talk, talk.conversation.cut[side], talk.conversation.evidence[side])
            made.append(maker.directed(talk, side, maker.make(
                talk, ("memberlist", "gossip-cut", Protection.UNKNOWN), "memberlist by its beginning, cut by the capture",
                tally, fields={"form": "datagrams"}, place=place, side=side)))
    return made


def _gossip(talk: Talk, side: int) -> Iterable[tuple[Protection, str, int | None, Tally]]:
    conversation = talk.conversation
    if talk.key.transport == "tcp":
        for count, protection, some in zip(sent(talk)[side], (Protection.PLAINTEXT, Protection.ENCRYPTED),
                                           plain_and_sealed(talk, side), strict=True):
            if count:
                whole = joined([one.tally for one in some])
                whole.count = count
                yield protection, "stream", None, whole
        return
    plain, sealed1, sealed0 = conversation.plain[side], conversation.sealed1[side], conversation.sealed0[side]
    if not (plain or sealed1 or sealed0):
        for one in talk.of("memberlist"):
            if one.side == side and (one.clear or one.kind == "sealed"):  # a screen without counters for this port: the decoder's word
                yield (Protection.PLAINTEXT if one.clear else Protection.ENCRYPTED), "datagrams", None, one.tally
        return
    if plain:
        yield Protection.PLAINTEXT, "datagrams", None, _with_words(talk, side, tally_of(
            talk, plain, conversation.plain_evidence[side] or conversation.evidence[side]))
    for version, count in ((1, sealed1), (0, sealed0)):
        if count:
            yield Protection.ENCRYPTED, "datagrams", version, tally_of(
                talk, count, conversation.sealed_evidence[side] or conversation.evidence[side])


def _with_words(talk: Talk, side: int, tally: Tally) -> Tally:
    """The decoders' words for the same frames, where they were given them."""
    words = {evidence[:2]: evidence for said in plain_and_sealed(talk, side)[0] for evidence in said.tally.evidence}
    tally.evidence = tuple([words.get(evidence[:2], evidence) for evidence in tally.evidence])
    return tally


def of_ports(talk: Talk, maker: Maker) -> list[Observation]:
    """What only a port says: attempts that nobody answered, and bytes that nobody could read."""
    place = maker.channels.place(talk)
    if place.channel == "other" or maker.channels.protocol(talk) != "unknown":
        return []
    conversation = talk.conversation
    evidence = conversation.evidence[0] or conversation.evidence[1]
    if talk.data:
        kind, summary = "traffic", f"bytes that show no protocol, on a port of {place.channel}"
    elif talk.refused:
        kind, summary, evidence = "refused", "connection refused", conversation.evidence[1] or evidence
    elif conversation.packets[0] and not conversation.packets[1]:
        kind, summary = "unanswered", "connection attempt without an answer"
    else:
        return []
    tally = tally_of(talk, sum(conversation.payloads) if talk.data else conversation.flows, evidence)
    return [maker.make(talk, ("unknown", kind, Protection.UNKNOWN), summary, tally, place=place)]
