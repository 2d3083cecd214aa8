"""Decoders: one file a protocol, sans-IO; bytes in, messages out.

A new protocol is one file and one line here. Order is priority. The modules are imported when first asked for.
What unpacks is Python that Cython can compile (types stand in the ``.pxd`` files); uncompiled it does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..uncompiled import WANTED, load

if TYPE_CHECKING:
    from .base import DatagramDecoder, StreamDecoder

#: in the order in which they import each other
COMPILED = ("lzw", "msgpack_reader", "msgpack_walker")

if WANTED:
    load(__name__, COMPILED)


def datagram_decoders() -> tuple[type[DatagramDecoder], ...]:
    from .dns import Dns
    from .memberlist import Memberlist

    return (Memberlist, Dns)


def stream_decoders() -> tuple[type[StreamDecoder], ...]:
    from .dns import DnsStream
    from .http1 import Http1
    from .http2 import Http2
    from .memberlist_stream import MemberlistStream
    from .raft import Raft
    from .rpc import ConsulRpc
    from .tls import Tls
    from .yamux import Yamux

    return (Tls, Http1, Http2, ConsulRpc, MemberlistStream, Yamux, Raft, DnsStream)
