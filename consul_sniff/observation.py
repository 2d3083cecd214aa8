"""What attribution hands to matching: observations, in bundles of one sort, and lots that share what has few values.

There are as many observations as things were said, and most are never looked at: they are made when somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from .model import Grade, Protection, Scalar

    Ends = tuple[str, str, int]


class Few(NamedTuple):
    """What signatures ask about that has few values."""

    protocol: str  # a decoder's name, or that of a module of attribution for what only many facts show
    kind: str
    protection: Protection
    channel: str  # gossip-lan gossip-wan rpc raft api grpc dns mesh envoy-admin ca other
    owner: str  # whose traffic: consul | other | unknown
    by: str  # what the channel rests on: content | port
    transport: str
    loopback: bool
    grade: Grade
    decrypted: bool


class Sort:
    """What many observations share: all that signatures ask about, but for addresses. One object each, told by identity."""

    __slots__ = ("few", "fields")

    def __init__(self, few: Few, fields: dict[str, Scalar]) -> None:
        self.few = few
        self.fields = fields

    def __repr__(self) -> str:
        return f"Sort({self.few!r}, {self.fields!r})"


class Observation:
    """A fact with its place in the datacenter: what signatures match on. No port decides anything here any more.

    ``ends``: source, destination and port. ``summary``: one line, what was seen. ``counted``: evidence in it may have no words.
    """

    __slots__ = ()

    @property
    def sort(self) -> Sort:
        raise NotImplementedError

    @property
    def ends(self) -> Ends:
        raise NotImplementedError

    @property
    def summary(self) -> str:
        raise NotImplementedError

    @property
    def counted(self) -> Tally:
        raise NotImplementedError

    @property
    def community_id(self) -> str:
        raise NotImplementedError

    @property
    def tally(self) -> Tally:
        """With the summary wherever evidence has no words of its own."""
        told = self.counted.whole
        proof = told.evidence
        if "" in [one[2] for one in proof]:
            proof = tuple([one if one.summary else one._replace(summary=self.summary) for one in proof])
        return Tally(told.count, told.first, told.last, proof)

    @property
    def source(self) -> str:
        return self.ends[0]

    @property
    def destination(self) -> str:
        return self.ends[1]

    @property
    def port(self) -> int:
        return self.ends[2]

    @property
    def protocol(self) -> str:
        return self.sort.few.protocol

    @property
    def kind(self) -> str:
        return self.sort.few.kind

    @property
    def protection(self) -> Protection:
        return self.sort.few.protection

    @property
    def channel(self) -> str:
        return self.sort.few.channel

    @property
    def owner(self) -> str:
        return self.sort.few.owner

    @property
    def by(self) -> str:
        return self.sort.few.by

    @property
    def transport(self) -> str:
        return self.sort.few.transport

    @property
    def loopback(self) -> bool:
        return self.sort.few.loopback

    @property
    def grade(self) -> Grade:
        return self.sort.few.grade

    @property
    def decrypted(self) -> bool:
        return self.sort.few.decrypted

    @property
    def fields(self) -> dict[str, Scalar]:
        return self.sort.fields


class Noted(Observation):
    """One that is written down."""

    __slots__ = ("community_id", "counted", "ends", "sort", "summary")
    sort: Sort
    ends: Ends
    summary: str
    counted: Tally
    community_id: str

    def __init__(self, sort: Sort, ends: Ends, summary: str, counted: Tally, community_id: str) -> None:
        self.sort = sort
        self.ends = ends
        self.summary = summary
        self.counted = counted
        self.community_id = community_id

    def between(self, ends: Ends) -> Noted:
        """The same between others."""
        return Noted(self.sort, ends, self.summary, self.counted, self.community_id)


class Promised(Observation):
    """One that ``make`` makes, of the sort, the ends and ``what``, when somebody asks for more than between whom it is."""

    __slots__ = ("_made", "_make", "_what", "ends", "sort")
    sort: Sort
    ends: Ends

    def __init__(self, sort: Sort, ends: Ends, make: Callable[..., Observation], *what: Any) -> None:
        self.sort = sort
        self.ends = ends
        self._make = make
        self._what = what
        self._made: Observation | None = None

    @property
    def made(self) -> Observation:
        if self._made is None:
            self._made = self._make(self.sort, self.ends, *self._what)
            self._what = ()
        return self._made

    @property
    def summary(self) -> str:
        return self.made.summary

    @property
    def counted(self) -> Tally:
        return self.made.counted

    @property
    def community_id(self) -> str:
        return self.made.community_id


class Bundle:
    """The observations of one sort. Most are never looked at (a pass beside a fail), and made only when they are."""

    __slots__ = ("_made", "_waiting", "sort")

    def __init__(self, sort: Sort) -> None:
        self.sort = sort
        self._made: list[Observation] = []
        self._waiting: list[tuple[Callable[..., Observation], tuple[Any, ...]]] = []

    def add(self, observation: Observation) -> None:
        self._made.append(observation)

    def later(self, make: Callable[..., Observation], *what: Any) -> None:
        """One that ``make`` makes, of the sort and ``what``."""
        self._waiting.append((make, what))

    @property
    def observations(self) -> list[Observation]:
        if self._waiting:
            self._made += [make(self.sort, *what) for make, what in self._waiting]
            self._waiting = []
        return self._made


class Lot:
    """The observations that are alike in all that has few values. Their sorts are told apart only if somebody asks."""

    __slots__ = ("_bundles", "_parts", "_split", "few")

    def __init__(self, few: Few, split: Callable[[Few, list[Any]], list[Bundle]]) -> None:
        self.few = few
        self._split = split
        self._parts: list[Any] = []
        self._bundles: list[Bundle] = []

    def add(self, part: Any) -> None:
        """Something that ``split`` makes bundles of."""
        self._parts.append(part)

    @property
    def bundles(self) -> list[Bundle]:
        if self._parts:
            self._bundles += self._split(self.few, self._parts)
            self._parts = []
        return self._bundles


class Observations:
    """All that was seen: by sort, and in lots."""

    def __init__(self, made: Iterable[Observation] = ()) -> None:
        self.lots: dict[Few, Lot] = {}
        self._bundles: dict[Sort, Bundle] = {}
        self._later: list[tuple[Collection[Few], Callable[[], None]]] = []
        for one in made:
            self.add(one)

    def add(self, one: Observation) -> None:
        self.bundle(one.sort).add(one)

    def bundle(self, sort: Sort) -> Bundle:
        bundle = self._bundles.get(sort)
        if bundle is None:
            bundle = self._bundles[sort] = Bundle(sort)
        return bundle

    def lot(self, few: Few, split: Callable[[Few, list[Any]], list[Bundle]]) -> Lot:
        lot = self.lots.get(few)
        if lot is None:
            lot = self.lots[few] = Lot(few, split)
        return lot

    def later(self, possible: Collection[Few], make: Callable[[], None]) -> None:
        """Lots that ``make`` adds once somebody asks for one that they can be."""
        self._later.append((possible, make))

    def bundles(self, asked: Callable[[Few], bool]) -> Iterator[Bundle]:
        """Those of which somebody asks for ``few``."""
        waiting, self._later = self._later, []
        for possible, make in waiting:
            if any(map(asked, possible)):
                make()
            else:
                self._later.append((possible, make))
        for lot in self.lots.values():
            if asked(lot.few):
                yield from lot.bundles
        yield from (bundle for bundle in self._bundles.values() if asked(bundle.sort.few))

    def __iter__(self) -> Iterator[Observation]:
        for bundle in self.bundles(lambda _: True):
            yield from bundle.observations
