"""Servers and callers: who answers RPC, who calls it, and who is therefore a server.

A server is a host whose tag says so (role ``consul``), or one that both answers and calls on an RPC port. A call counts
where the responder let it through: a TLS handshake that ended in an alert is a knock, not a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .addresses import is_loopback
from .channels import RPC_CHANNELS

if TYPE_CHECKING:
    from .channels import Channels
    from .pools import Pools
    from .talks import Speech, Talk


def let_through(talk: Talk) -> bool:
    """Whether the responder went on after the first exchange."""
    if not talk.answered or not (talk.conversation.payloads[0] or 0 in talk.speech.shape.sides):
        return False
    return talk.speech.once(_not_turned_away)


def _not_turned_away(speech: Speech) -> bool:
    shown = speech.of("tls")
    if not shown or any(word.clear for word in speech.words):
        return True
    records = any(word.kind == "records" and word.side == 1 for word in shown)
    return records or not any(word.kind == "alert" for word in shown)


def through_gateway(speech: Speech) -> bool:
    """RPC between datacenters that a mesh gateway passes on: TLS from the first byte, for a protocol of Consul's.

    Its responder may be the gateway and no server (Consul, agent/pool/conn.go and agent/consul/wanfed).
    """
    hellos = [word for word in speech.of("tls") if word.kind == "client-hello"]
    return bool(hellos) and not any(word.clear for word in speech.words) and all(
        word.fields.get("mode") is None and str(word.fields.get("alpn") or "").startswith("consul/") for word in hellos)


class Roles:
    """RPC conversations of Consul, who takes part in them, and who is a server."""

    def __init__(self, talks: list[Talk], channels: Channels, pools: Pools) -> None:
        self.rpc_talks = [
            talk for talk in talks if talk.key.transport == "tcp" and talk.answered and _consul_rpc(talk, channels)]
        self.answering = {talk.key.destination for talk in self.rpc_talks
                          if not is_loopback(talk.key.destination) and not talk.speech.once(through_gateway)}
        self.calling = {talk.key.source for talk in self.rpc_talks
                        if let_through(talk) and not is_loopback(talk.key.source)}
        between = [talk for talk in self.rpc_talks if not talk.loopback]
        both = {talk.key.destination for talk in between if not talk.speech.once(through_gateway)} \
            & {talk.key.source for talk in between if let_through(talk)}
        self.tagged: dict[str, str] = {}
        for pool in pools.owned():
            for stated in pool.members:
                role = {"consul": "server", "node": "client"}.get(str(stated.value.get("role")))
                address = str(stated.claim.subject[1])
                if role and address and self.tagged.get(address) != "server":
                    self.tagged[address] = role
        self.servers = frozenset({address for address, role in self.tagged.items() if role == "server"}
                                 | {address for address in both if self.tagged.get(address) != "client"})

    def role(self, address: str) -> str:
        if address in self.servers:
            return "server"
        return self.tagged.get(address, "unknown")

    def between(self, talk: Talk) -> str:
        """Who is at the ends of an RPC conversation: servers | client | unknown."""
        if talk.key.source in self.servers and talk.key.destination in self.servers:
            return "servers"
        if self.tagged.get(talk.key.source) == "client":
            return "client"
        return "unknown"


def _consul_rpc(talk: Talk, channels: Channels) -> bool:
    place = channels.place(talk)
    return place.owner == "consul" and place.channel in RPC_CHANNELS
