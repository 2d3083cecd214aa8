"""Observations: how one is made, those of single sightings, and those that only the screen's counters show.

The screen hands decoders only some gossip datagrams; how many were plaintext or sealed are its counters, so those make
the ``memberlist/gossip`` observations, while names, keys and events come from sightings. Nothing is judged here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..facts import Tally
from ..model import Evidence, Grade, Protection, Scalar
from ..report import Observation
from .addresses import community_id, same_host
from .channels import RPC_CHANNELS, mesh_identity
from .nodes import streams
from .pools import sealed_counts, sockets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    tally = Tally()
    tally.count, tally.first, tally.last = count, talk.conversation.first, talk.conversation.last
    tally.evidence = tuple(evidence)
    return tally


def joined(tallies: Iterable[Tally]) -> Tally:
    """One tally of several; the parts stay as they are."""
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole


class Maker:
    """Makes observations: adds place, loopback, grade, Community ID."""

    def __init__(self, channels: Channels, roles: Roles, profile: Profile) -> None:
        self.channels, self.roles, self.profile = channels, roles, profile

    def community(self, talk: Talk) -> str:
        if "community" not in talk.memory:
            talk.memory["community"] = community_id(talk.key, talk.conversation)
        return str(talk.memory["community"])

    def make(self, talk: Talk, what: tuple[str, str, Protection], summary: str, tally: Tally, *,
             fields: Mapping[str, Scalar] | None = None, place: Place | None = None, side: int = 0,
             decrypted: bool = False) -> Observation:
        """An observation of ``what`` (protocol, kind, protection) in a conversation.

        ``side`` said it. Evidence without words gets the summary.
        """
        place = place or self.channels.place(talk)
        key = talk.key
        shown: dict[str, Scalar] = dict(fields or {})
        shown["said_by"] = "responder" if side else "originator"
        if place.channel in RPC_CHANNELS:
            shown.setdefault("between", self.roles.between(talk))
        return Observation(*what, place.channel, place.owner, place.by, key.source, key.destination, key.port,
                           key.transport, same_host(key.source, key.destination),
                           grade(talk, side, tally.count, what[2]), decrypted, shown, summary,
                           worded(tally, summary), self.community(talk))

    def directed(self, talk: Talk, side: int, observation: Observation) -> Observation:
        """Gossip has no client: observations go from who sent to who received, or the wrong node is accused.

        Over TCP the port stays the responder's: the originator's is ephemeral.
        """
        if side == 0:
            return observation
        (source, port), _ = sockets(talk)
        if talk.key.transport == "tcp":
            port = talk.key.port
        return observation._replace(source=talk.key.destination, destination=source, port=port)


def worded(tally: Tally, summary: str) -> Tally:
    """The tally with the summary wherever its evidence has no words of its own."""
    if all(evidence.summary for evidence in tally.evidence):
        return tally
    new = Tally()
    new.count, new.first, new.last = tally.count, tally.first, tally.last
    new.evidence = tuple(evidence if evidence.summary else evidence._replace(summary=summary)
                         for evidence in tally.evidence)
    return new


def of_sightings(talk: Talk, maker: Maker) -> list[Observation]:
    """One observation per sighting, in its decoder's words."""
    made = []
    for said in talk.said:
        summary = said.tally.evidence[0].summary if said.tally.evidence else f"{said.protocol} {said.kind}"
        # a mode byte that only announces TLS is no plaintext that anybody could fail on
        hidden = said.kind == "mode" and not said.clear and said.protection is Protection.PLAINTEXT
        protection = Protection.UNKNOWN if hidden and not said.decrypted else said.protection
        observation = maker.make(
            talk, (said.protocol, said.kind, protection), summary, said.tally,
            fields={**said.fields, **_more(said, maker.profile.domain)},
            place=maker.channels.place_of(talk, said.protocol), side=said.side, decrypted=said.decrypted)
        made.append(maker.directed(talk, said.side, observation) if said.protocol == "memberlist" else observation)
    return made


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
        said = [one for one in talk.of("memberlist") if one.side == side]
        plain, sealed = streams(talk, side)
        for count, protection, some in ((plain, Protection.PLAINTEXT, [one for one in said if one.clear]),
                                        (sealed, Protection.ENCRYPTED, [one for one in said if one.kind == "sealed"])):
            if count:
                whole = joined(one.tally for one in some)
                whole.count = count
                yield protection, "stream", None, whole
        return
    if not (conversation.plain[side] or conversation.sealed1[side] or conversation.sealed0[side]):
        for one in (said for said in talk.of("memberlist") if said.side == side):
            if one.clear or one.kind == "sealed":  # a screen without counters for this port: the decoder's word
                yield (Protection.PLAINTEXT if one.clear else Protection.ENCRYPTED), "datagrams", None, one.tally
        return
    if conversation.plain[side]:
        yield Protection.PLAINTEXT, "datagrams", None, _with_words(talk, side, tally_of(
            talk, conversation.plain[side], conversation.plain_evidence[side] or conversation.evidence[side]))
    for version, count in ((1, conversation.sealed1[side]), (0, conversation.sealed0[side])):
        if count:
            yield Protection.ENCRYPTED, "datagrams", version, tally_of(
                talk, count, conversation.sealed_evidence[side] or conversation.evidence[side])


def _with_words(talk: Talk, side: int, tally: Tally) -> Tally:
    """The decoders' words for the same frames, where they were given them."""
    words = {(evidence.input, evidence.frame): evidence.summary for said in talk.of("memberlist")
             if said.side == side and said.clear for evidence in said.tally.evidence}
    tally.evidence = tuple(evidence._replace(summary=words.get(evidence[:2], evidence.summary))
                           for evidence in tally.evidence)
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
