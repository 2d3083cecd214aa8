"""Addresses: which are loopback, how they sort, and the Community ID of a conversation."""

from __future__ import annotations

import struct
from binascii import b2a_base64
from functools import lru_cache
from hashlib import sha1
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..facts import ConversationKey

PROTOCOLS = {"tcp": 6, "udp": 17}
KEPT = 4_096  # addresses whose bytes are remembered: they come in groups, and a flood has millions
_MAPPED = bytes(10) + b"\xff\xff"
_LOOPBACK = bytes(15) + b"\x01"
_ENDS = struct.Struct("!BBHH")
_LENGTHS = {4: b"4", 16: b"6", 0: b"9"}


@lru_cache(maxsize=KEPT)
def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address, or None where the text is none (``others``)."""
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


@lru_cache(maxsize=KEPT)
def packed(address: str) -> bytes:
    """Its 4 or 16 bytes; none where the text is no address."""
    text = address.partition("%")[0]
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return b""


def sort_key(address: str) -> bytes:
    """As numbers, IPv4 first, what is no address last."""
    raw = packed(address)
    return _LENGTHS[len(raw)] + raw if raw and "%" not in address else _LENGTHS[len(raw)] + raw + address.encode("utf-8", "surrogatepass")


def order(key: ConversationKey) -> bytes:
    """Conversations as their addresses, then by port and transport: one string of bytes, for there may be many of them."""
    return b"%b\0%b\0%08x%b" % (sort_key(key[0]), sort_key(key[1]), key[2], key[3].encode())


def is_loopback(address: str) -> bool:
    if ":" not in address:
        return address.startswith("127.") and bool(packed(address))
    raw = packed(address)
    return (raw[-4:-3] == b"\x7f" and raw[:-4] in (b"", _MAPPED)) or raw == _LOOPBACK


def nowhere(address: str) -> bool:
    """An address that names no host to others: empty, ``0.0.0.0``, ``::``, loopback."""
    return not any(packed(address)) or is_loopback(address)


def same_host(source: str, destination: str) -> bool:
    """Does this never leave the host? A host that talks to its own address goes over ``lo``, too."""
    return source == destination or (is_loopback(source) and is_loopback(destination))


def community_id(key: ConversationKey, own: int) -> str:
    """Community ID, version 1, seed 0 (github.com/corelight/community-id-spec) of a conversation's flow from the port ``own``."""
    source, destination = packed(key.source), packed(key.destination)
    if not source or len(source) != len(destination):
        return ""
    own, port = max(own, 0), key.port
    if (source, own) > (destination, port):
        source, destination, own, port = destination, source, port, own
    data = b"\0\0" + source + destination + _ENDS.pack(PROTOCOLS[key.transport], 0, own, port)
    return "1:" + b2a_base64(sha1(data, usedforsecurity=False).digest(), newline=False).decode("ascii")
