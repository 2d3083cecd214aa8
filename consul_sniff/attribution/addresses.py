"""Addresses: which are loopback, how they sort, and the Community ID of a conversation."""

from __future__ import annotations

import base64
import hashlib
import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..facts import Conversation, ConversationKey

PROTOCOLS = {"tcp": 6, "udp": 17}


@lru_cache(maxsize=65_536)
def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address, or None where the text is none (``others``)."""
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def sort_key(address: str) -> tuple[int, int, str]:
    """As numbers, IPv4 first, what is no address last."""
    known = parsed(address)
    return (9, 0, address) if known is None else (known.version, int(known), address)


@lru_cache(maxsize=65_536)
def is_loopback(address: str) -> bool:
    known = parsed(address)
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        return known.ipv4_mapped.is_loopback
    return known is not None and known.is_loopback


def nowhere(address: str) -> bool:
    """An address that names no host to others: empty, ``0.0.0.0``, ``::``, loopback."""
    known = parsed(address)
    return known is None or known.is_unspecified or is_loopback(address)


def same_host(source: str, destination: str) -> bool:
    """Does this never leave the host? A host that talks to its own address goes over ``lo``, too."""
    return source == destination or (is_loopback(source) and is_loopback(destination))


def community_id(key: ConversationKey, conversation: Conversation) -> str:
    """Community ID, version 1, seed 0 (github.com/corelight/community-id-spec) of the conversation's earliest flow."""
    source, destination = parsed(key.source), parsed(key.destination)
    if source is None or destination is None or source.version != destination.version:
        return ""
    sport = max(conversation.first_source_port, 0)
    one, two = (source.packed, sport), (destination.packed, key.port)
    low, high = (one, two) if one < two else (two, one)
    data = struct.pack("!H", 0) + low[0] + high[0] + struct.pack("!BBHH", PROTOCOLS[key.transport], 0, low[1], high[1])
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")
