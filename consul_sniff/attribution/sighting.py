"""Observations of what was said: one for each word in each conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..observation import Observation
from .pools import sockets

if TYPE_CHECKING:
    from ..facts import Tally
    from ..observation import Ends, Sort
    from .talks import Talk


class Sighting(Observation):
    """Of one word in a conversation. There are as many as things were said: so it holds no more than where to look."""

    __slots__ = ("_number", "_talk", "ends", "sort")
    sort: Sort
    ends: Ends

    def __init__(self, sort: Sort, talk: Talk, number: int) -> None:
        manner = talk.speech.words[number].manner
        self.sort = sort
        self.ends = ends_of_responder(talk) if manner.side and manner.protocol == "memberlist" else talk.ends
        self._talk = talk
        self._number = number

    @property
    def summary(self) -> str:
        """In the words of its decoder."""
        few = self.sort.few
        return self.counted.words or f"{few.protocol} {few.kind}"

    @property
    def counted(self) -> Tally:
        return self._talk.tallies[self._number]

    @property
    def community_id(self) -> str:
        return self._talk.community


def ends_of_responder(talk: Talk) -> Ends:
    """Source, destination and port of what the responder said."""
    key = talk.key
    return key.destination, key.source, key.port if key.transport == "tcp" else sockets(talk)[0][1]
