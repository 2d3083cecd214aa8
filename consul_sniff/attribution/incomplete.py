"""Why silence proves nothing: losses, by channel, that could hide what would fail a control.

Bytes lost inside a conversation that is TLS throughout hide no plaintext. Each line is ``CHANNEL: reason``, or
``all: reason`` where nobody can say which channel is concerned.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from ..model import Protection
from .addresses import same_host

if TYPE_CHECKING:
    from ..facts import Facts
    from .channels import Channels
    from .talks import Talk

#: notes that mean: something was said and not kept
OVERFLOWS: Final = {"conversations folded": "more conversations than are kept apart",
                    "sightings over the limit": "more was said than is kept",
                    "claims over the limit": "more was claimed than is kept"}


def incomplete(talks: list[Talk], channels: Channels, facts: Facts) -> tuple[str, ...]:
    """The reasons, sorted."""
    lost: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    cut: dict[str, int] = defaultdict(int)
    bodies: dict[str, int] = defaultdict(int)
    for talk in talks:
        place = channels.place(talk)
        if place.owner == "other" or place.channel == "other" or same_host(talk.key.source, talk.key.destination):
            continue
        cut[place.channel] += sum(talk.conversation.cut)
        bodies[place.channel] += sum(said.tally.count for said in talk.said if said.fields.get("body_cut"))
        gone = sum(talk.conversation.lost)
        if gone and channels.protection(talk) is not Protection.ENCRYPTED:
            lost[place.channel][0] += 1
            lost[place.channel][1] += gone
    reasons = [f"{channel}: {size} bytes of {count} conversations are not in the capture"
               for channel, (count, size) in lost.items()]
    reasons += [f"{channel}: {count} datagrams were cut by the capture" for channel, count in cut.items() if count]
    reasons += [f"{channel}: {count} bodies were longer than what is read of one"
                for channel, count in bodies.items() if count]
    reasons += [f"all: {words}" for name, words in OVERFLOWS.items() if facts.notes.get(name)]
    return tuple(sorted(reasons))
