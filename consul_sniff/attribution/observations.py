"""Observations: how one is made, those of single sightings, and those that only the screen's counters show.

The screen hands decoders only some gossip datagrams; how many were plaintext or sealed are its counters, so those make
the ``memberlist/gossip`` observations, while names, keys and events come from sightings. Nothing is judged here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..facts import Tally, joined
from ..model import Grade, Protection, Scalar
from ..observation import Bundle, Few, Noted, Observations, Promised, Sort
from .channels import OTHERS, RPC_CHANNELS
from .nodes import plain_and_sealed, sent
from .pools import sealed_counts
from .sighting import Sighting, ends_of_responder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..model import Evidence
    from ..observation import Ends
    from .channels import Channels, Place
    from .index import Index
    from .pools import Pool
    from .profile import Profile
    from .roles import Roles
    from .talks import Talk, Word

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
        self.seen = Observations()
        self._bundles: dict[tuple[object, ...], Bundle] = {}

    def make(self, talk: Talk, what: tuple[str, str, Protection], summary: str, tally: Tally, *,
             fields: Mapping[str, Scalar] | None = None, place: Place | None = None, side: int = 0,
             decrypted: bool = False) -> Noted:
        """An observation of ``what`` (protocol, kind, protection) in a conversation.

        ``side`` said it. A field of a kind has values of one type (or None).
        """
        bundle = self.bundle(talk, what, tally.count, fields or {}, place=place or self.channels.place(talk), side=side,
                             decrypted=decrypted)
        return Noted(bundle.sort, talk.ends, summary, tally, talk.community)

    def bundle(self, talk: Talk, what: tuple[str, str, Protection], count: int, fields: Mapping[str, Scalar], *, place: Place,
               side: int, decrypted: bool = False) -> Bundle:
        """The bundle of what a side of a conversation said ``count`` times."""
        between = self.roles.between(talk) if place[0] in RPC_CHANNELS else ""
        rank = grade(talk, side, count, what[2])
        known = (*what, place, talk.key[3], talk.loopback, rank, decrypted, side, between, *fields.items())
        bundle = self._bundles.get(known)
        if bundle is None:
            few = Few(*what, *place, talk.key.transport, talk.loopback, rank, decrypted)
            bundle = self._bundles[known] = self.seen.bundle(Sort(few, _with_ends(fields, side, between)))
        return bundle

    def sightings(self, talks: Iterable[Talk]) -> None:
        """Observations of all that was said, each made when somebody looks at it.

        Most conversations are like many others in all that has few values: those are kept together.
        """
        alike: dict[tuple[Any, ...], list[Talk]] = {}
        place_of, between = self.channels.place_of, self._between
        for talk in talks:
            if not talk.tallies:
                continue
            shape = talk.speech.shape
            places = tuple([place_of(talk, protocol) for protocol in shape.named])
            known = (shape, places, tuple([between(talk, place) for place in places]), talk.key.transport, talk.loopback, _grades(talk))
            same = alike.get(known)
            if same is None:
                alike[known] = [talk]
            else:
                same.append(talk)
        for (shape, places, ends, transport, loopback, grades), same in alike.items():
            for number, manner in enumerate(shape.manners):
                at = shape.named.index(manner.protocol)
                place: Place = places[at]
                few = Few(manner.protocol, manner.kind, manner.protection, *place, transport, loopback,
                          grades[number] if grades else Grade.TWO_WAY, manner.decrypted)
                self.seen.lot(few, self._split).add((same, number, ends[at]))

    def strangers(self, index: Index) -> None:
        """The same of strangers, where a signature asks for what they said: a user's may. Their conversations are made then."""
        possible = {Few(*manner[1:4], *OTHERS[manner.protocol], transport, loopback, rank, manner.decrypted)
                    for manner in index.strangers.manners() if manner.protocol in OTHERS
                    for transport in ("tcp", "udp") for loopback in (False, True) for rank in Grade}
        if possible:
            self.seen.later(possible, partial(self._strangers, index))

    def _strangers(self, index: Index) -> None:
        for (shape, transport, loopback, rank), numbers in index.strangers.alike().items():
            for few in {Few(*manner[1:4], *OTHERS[manner.protocol], transport, loopback, rank, manner.decrypted) for manner in shape.manners}:
                self.seen.lot(few, self._split).add((_Strangers(index, numbers), None, ""))

    def _split(self, few: Few, parts: list[tuple[Iterable[Talk], int | None, str]]) -> list[Bundle]:
        """The bundles of a lot. A part: conversations, which of their words (None: all that are of the lot), and who is at their ends."""
        found: dict[tuple[Word, str], Bundle] = {}
        for talks, only, between in parts:
            for talk in talks:
                for number in (only,) if only is not None else _alike(talk, few):
                    word = talk.speech.words[number]
                    bundle = found.get((word, between))
                    if bundle is None:
                        fields = _with_ends({**word.fields, **_more(word)}, word.side, between)
                        bundle = found[word, between] = Bundle(Sort(few, fields))
                    bundle.later(Sighting, talk, number)
        return list(found.values())

    def _between(self, talk: Talk, place: Place) -> str:
        return self.roles.between(talk) if place[0] in RPC_CHANNELS else ""

    def directed(self, talk: Talk, side: int, observation: Noted) -> Noted:
        """Gossip has no client: observations go from who sent to who received, or the wrong node is accused.

        Over TCP the port stays the responder's: the originator's is ephemeral.
        """
        if side == 0:
            return observation
        return observation.between(ends_of_responder(talk))


class _Strangers:
    """Conversations that are made when somebody looks at them."""

    def __init__(self, index: Index, numbers: list[int]) -> None:
        self._index, self._numbers = index, numbers

    def __iter__(self) -> Iterator[Talk]:
        return self._index.made(self._numbers)


def _alike(talk: Talk, few: Few) -> list[int]:
    """Which of its words are such."""
    return [number for number, word in enumerate(talk.speech.words) if few[:3] == word.manner[1:4] and few.decrypted == word.decrypted]


def _grades(talk: Talk) -> tuple[Grade, ...] | None:
    """Of each word; None where all are of the best."""
    conversation = talk.conversation
    if talk.key.transport == "tcp" or (all(conversation.payloads) and 1 not in conversation.plain):
        return None
    return tuple([grade(talk, manner.side, tally.count, manner.protection)
                  for manner, tally in zip(talk.speech.shape.manners, talk.tallies, strict=True)])


def _with_ends(fields: Mapping[str, Scalar], side: int, between: str) -> dict[str, Scalar]:
    shown: dict[str, Scalar] = {**fields, "said_by": "responder" if side else "originator"}
    if between:
        shown.setdefault("between", between)
    return shown


def _more(word: Word) -> dict[str, Scalar]:
    if word.protocol == "tls" and word.kind == "server-hello":
        suite = str(word.fields.get("suite") or "")
        return {"old_version": word.fields.get("version") in OLD, "weak_suite": any(weak in suite for weak in WEAK)}
    if word.protocol == "tls" and word.kind in ("client-hello", "certificate"):
        return {"mesh": word.mesh is not None}
    return {}


def of_gossip(pool: Pool, talk: Talk, maker: Maker) -> None:
    """Plaintext and sealed gossip of each sender, with exact counts; made when somebody looks at it."""
    place = maker.channels.place_of(talk, "memberlist")
    for side in (0, 1):
        for protection, form, version, count, counted in _gossip(talk, side):
            fields = {"form": form, "version": version, "pool": "wan" if pool.wan else "lan"}
            bundle = maker.bundle(talk, ("memberlist", FROM_COUNTERS, protection), count, fields, place=place, side=side)
            bundle.later(_sent, talk, side, count, counted)
        if talk.conversation.cut[side]:
            tally = tally_of(talk, talk.conversation.cut[side], talk.conversation.evidence[side])
            maker.seen.add(maker.directed(talk, side, maker.make(
                talk, ("memberlist", "gossip-cut", Protection.UNKNOWN), "memberlist by its beginning, cut by the capture",
                tally, fields={"form": "datagrams"}, place=place, side=side)))


def _sent(sort: Sort, talk: Talk, side: int, count: int, counted: Callable[[Talk, int, int], Tally]) -> Promised:
    ends = ends_of_responder(talk) if side else talk.ends
    return Promised(sort, ends, _sent_whole, talk, side, count, counted)


def _sent_whole(sort: Sort, ends: Ends, talk: Talk, side: int, count: int, counted: Callable[[Talk, int, int], Tally]) -> Noted:
    word = "plaintext" if sort.few.protection is Protection.PLAINTEXT else "sealed"
    form = str(sort.fields["form"])
    if count == 1 and form == "datagrams":
        form = "datagram"
    summary = f"{count} {word} memberlist {form}" if count != 1 else f"{word} memberlist {form}"
    return Noted(sort, ends, summary, counted(talk, side, count), talk.community)


def _gossip(talk: Talk, side: int) -> Iterable[tuple[Protection, str, int | None, int, Callable[[Talk, int, int], Tally]]]:
    """Protection, form, version and count of what a side sent, and what makes the tally of a conversation, side and count."""
    conversation = talk.conversation
    plain, sealed1, sealed0 = conversation.plain[side], conversation.sealed1[side], conversation.sealed0[side]
    if talk.key.transport == "tcp":
        plain, sealed = sent(talk)[side]
        if plain:
            yield Protection.PLAINTEXT, "stream", None, plain, _plain_streams
        if sealed:
            yield Protection.ENCRYPTED, "stream", None, sealed, _sealed_streams
    elif plain or sealed1 or sealed0:
        if plain:
            yield Protection.PLAINTEXT, "datagrams", None, plain, _plain_datagrams
        for version, count in ((1, sealed1), (0, sealed0)):
            if count:
                yield Protection.ENCRYPTED, "datagrams", version, count, _sealed_datagrams
    else:  # a screen without counters for this port: the decoder's word
        for one in talk.of("memberlist"):
            if one.side == side and (one.clear or one.kind == "sealed"):
                yield (Protection.PLAINTEXT if one.clear else Protection.ENCRYPTED), "datagrams", None, one.tally.count, partial(_as_heard, one.tally)


def _as_heard(tally: Tally, *_: object) -> Tally:
    return tally


def _plain_streams(talk: Talk, side: int, count: int) -> Tally:
    return _streams(plain_and_sealed(talk, side)[0], count)


def _sealed_streams(talk: Talk, side: int, count: int) -> Tally:
    return _streams(plain_and_sealed(talk, side)[1], count)


def _streams(heard: list[Tally], count: int) -> Tally:
    tally = joined(heard)
    tally.count = count
    return tally


def _sealed_datagrams(talk: Talk, side: int, count: int) -> Tally:
    return tally_of(talk, count, talk.conversation.sealed_evidence[side] or talk.conversation.evidence[side])


def _plain_datagrams(talk: Talk, side: int, count: int) -> Tally:
    """In the decoders' words for the same frames, where they were given them."""
    tally = tally_of(talk, count, talk.conversation.plain_evidence[side] or talk.conversation.evidence[side])
    words = {evidence[:2]: evidence for heard in plain_and_sealed(talk, side)[0] for evidence in heard.evidence}
    tally.evidence = tuple([words.get(evidence[:2], evidence) for evidence in tally.evidence])
    return tally


def of_ports(talk: Talk, maker: Maker) -> list[Noted]:
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
