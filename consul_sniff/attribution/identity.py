"""TLS on the RPC port: whose certificate a server shows, and where TLS hides it.

Consul's servers are known by the name ``server.<dc>.<domain>`` (or ``<node>.server.<dc>.<domain>``), each with a
certificate of its own. TLS 1.3, resumed sessions and streams that began before the capture show none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..facts import joined
from ..model import Protection
from .channels import RPC_CHANNELS

if TYPE_CHECKING:
    from ..model import Scalar
    from ..observation import Noted
    from .observations import Maker
    from .pools import Pools
    from .talks import Said, Talk

CONSUL = 1_397_700_000 * 10**9  # 2014-04-17, ns: its first release; nothing of it is older


def identities(pools: Pools) -> dict[str, str]:
    """Address -> the agent's ``id`` tag: two addresses of one agent are one server."""
    found: dict[str, str] = {}
    for pool in pools.owned():
        for stated in pool.members:
            address, id_ = str(stated.claim.subject[1]), stated.value.get("id")
            if address and id_:
                found[address] = min(str(id_), found.get(address, str(id_)))
    return found


def observe(talks: list[Talk], maker: Maker, pools: Pools) -> list[Noted]:
    """Certificates that RPC ports showed, and conversations whose certificates stay hidden."""
    names = identities(pools)
    holders: dict[str, set[str]] = defaultdict(set)
    mine = [talk for talk in talks if "tls" in talk.protocols and _on_rpc(talk, maker)]
    for talk in mine:
        for said in talk.of("tls"):
            holder = talk.address(said.side)
            if said.kind == "certificate" and (said.side == 1 or holder in maker.roles.servers):
                holders[str(said.fields.get("fingerprint"))].add(names.get(holder, holder))
    made = []
    for talk in mine:
        shown = [said for said in talk.of("tls") if said.kind == "certificate" and said.side == 1]
        made += [_certificate(talk, said, maker, len(holders[str(said.fields.get("fingerprint"))]) > 1)
                 for said in shown]
        if not shown:
            made.append(_hidden(talk, maker))
    return made


def _on_rpc(talk: Talk, maker: Maker) -> bool:
    place = maker.channels.place_of(talk, "tls")
    return place.channel in RPC_CHANNELS and place.owner == "consul"


def _certificate(talk: Talk, said: Said, maker: Maker, shared: bool) -> Noted:  # noqa: FBT001
    named = server_name(said.fields, maker.profile.domain)
    valid = in_time(said.fields, said.tally.first, said.tally.last)
    words = [word for word, true in (("shared by several servers", shared), ("without a server's name", not named),
                                     ("not valid at that time", not valid)) if true]
    return maker.make(talk, ("certificates", "server", Protection.ENCRYPTED),
                      "a server's certificate" + (": " + ", ".join(words) if words else ""), said.tally,
                      fields={"shared": shared, "named": named, "valid": valid,
                              "good": named and valid and not shared},
                      place=maker.channels.place_of(talk, "tls"), side=1)


def _hidden(talk: Talk, maker: Maker) -> Noted:
    said = talk.of("tls")
    hello = [one for one in said if one.kind == "server-hello"]
    if any(one.fields.get("version") == "TLS 1.3" for one in hello):
        why = "tls13"
    else:
        why = "resumed" if any(one.fields.get("resumed") for one in said) else "mid-stream"
    words = {"tls13": "TLS 1.3 hides its certificates", "resumed": "a resumed session shows no certificate",
             "mid-stream": "the handshake is not in the capture"}
    return maker.make(talk, ("certificates", "hidden", Protection.ENCRYPTED), words[why],
                      joined(one.tally for one in hello or said), fields={"why": why},
                      place=maker.channels.place_of(talk, "tls"), side=1)


def server_name(fields: dict[str, Scalar], domain: str) -> bool:
    """``server.<dc>.<domain>`` or ``<node>.server.<dc>.<domain>`` among the certificate's names."""
    wanted = re.compile(rf"(?:[^.]+\.)?server\.[^.]+\.{re.escape(domain)}\.?", re.IGNORECASE)
    names = str(fields.get("names") or "").split(",")
    return any(wanted.fullmatch(name.strip().removeprefix("DNS:")) for name in names)


def in_time(fields: dict[str, Scalar], first: int, last: int) -> bool:
    """Was the certificate valid when its packets were seen? What cannot be read is not held against it, nor is a capture
    whose times are no times (text2pcap, anonymizers and clocks that were never set begin at 1970)."""
    if first < CONSUL:
        return True
    begin, end = _moment(fields.get("not_before")), _moment(fields.get("not_after"))
    return not ((begin is not None and first < begin) or (end is not None and last > end))


def _moment(value: Scalar) -> int | None:
    """Nanoseconds since the epoch, of a number of seconds or nanoseconds, or an ISO 8601 text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value if abs(value) > 10**14 else value * 10**9
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return int(when.timestamp()) * 10**9
