"""Why silence proves nothing: losses, by channel, that could hide what would fail a control.

Bytes lost inside a conversation that is TLS throughout hide no plaintext. Each line is ``CHANNEL: reason``, or
``all: reason`` where nobody can say which channel is concerned.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from ..facts import FOREIGN
from ..model import Protection

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..facts import Conversation, Facts
    from .channels import Channels
    from .talks import Speech, Talk

#: notes that mean: something was said and not kept ("attempts folded" does not: nothing was)
OVERFLOWS: Final = {"conversations folded": "more conversations than are kept apart",
                    "sightings over the limit": "more was said than is kept",
                    "claims over the limit": "more was claimed than is kept"}
#: the same where nothing that was said tells of Consul, nor a port that is known beforehand: what can be hidden there is what an
#: instance of the mesh is sent past its proxy, and what nobody can read on ports that the traffic itself named
STRANGERS: Final = {f"conversations {FOREIGN} folded": f"more conversations {FOREIGN} than are kept apart",
                    f"sightings {FOREIGN} over the limit": f"more was said {FOREIGN} than is kept"}
ONE_WAY: Final = 3  # packets without one of the other side's, before a direction is believed to be missing
GOSSIP: Final = frozenset({"gossip-lan", "gossip-wan"})
RST, ACK = 4, 16


def incomplete(talks: list[Talk], channels: Channels, facts: Facts, elsewhere: Collection[str] = ()) -> tuple[str, ...]:
    """The reasons, sorted. ``elsewhere``: channels that are on ports that the traffic named, too."""
    lost: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    cut: dict[str, int] = defaultdict(int)
    bodies: dict[str, int] = defaultdict(int)
    deaf: dict[str, int] = defaultdict(int)
    gossip: dict[str, list[Conversation]] = defaultdict(list)
    for talk in talks:
        place = channels.place(talk)
        if place.owner == "other" or place.channel == "other" or talk.loopback:
            continue
        channel, conversation = place.channel, talk.conversation
        cut[channel] += sum(conversation.cut)
        if talk.speech.once(_cut_bodies):
            bodies[channel] += sum(said.tally.count for said in talk.said if said.fields.get("body_cut"))
        if talk.key.transport == "udp" and channel in GOSSIP:
            gossip[channel].append(conversation)
        gone, half = sum(conversation.lost), _half(talk)
        if (gone or half) and channels.protection(talk) is not Protection.ENCRYPTED:
            deaf[channel] += half
            if gone:
                lost[channel][0] += 1
                lost[channel][1] += gone
    reasons = [f"{channel}: {size} bytes of {count} conversations are not in the capture"
               for channel, (count, size) in lost.items()]
    reasons += [f"{channel}: {count} datagrams were cut by the capture" for channel, count in cut.items() if count]
    reasons += [f"{channel}: {count} {'bodies were' if count > 1 else 'body was'} not read to the end"
                for channel, count in bodies.items() if count]
    reasons += [f"{channel}: only one direction of {count} conversations is in the capture"
                for channel, count in deaf.items() if count]
    reasons += [f"{channel}: only one direction of the gossip is in the capture"
                for channel, found in gossip.items() if _one_way(found)]
    if dropped := facts.notes.get("capture-dropped"):
        reasons.append(f"all: {dropped} packet{'s were' if dropped > 1 else ' was'} dropped by the capture")
    if missed := facts.notes.get("files-missed"):
        reasons.append(f"all: {missed} of the followed captures {'were' if missed > 1 else 'was'} not read whole")
    reasons += [f"all: {words}" for name, words in OVERFLOWS.items() if facts.notes.get(name)]
    reasons += [f"{channel}: {words}" for name, words in STRANGERS.items() if facts.notes.get(name) for channel in {"mesh", *elsewhere}]
    return tuple(sorted(reasons))


def _cut_bodies(speech: Speech) -> bool:
    return any(word.fields.get("body_cut") for word in speech.words)


def _half(talk: Talk) -> bool:
    """A connection of which one side alone was captured: it sent data or acknowledged some, so somebody was there."""
    conversation = talk.conversation
    return talk.key.transport == "tcp" and not all(conversation.packets) and any(
        not conversation.packets[1 - side] and conversation.packets[side] >= ONE_WAY
        and (conversation.payloads[side] or conversation.flags[side] & (RST | ACK) == ACK) for side in (0, 1))


def _one_way(found: list[Conversation]) -> bool:
    """Members answer each other's pings: where nobody ever does, the answers are what was not captured."""
    return sum(sum(one.packets) for one in found) >= ONE_WAY and not any(all(one.packets) for one in found)
