"""Decoders: one file a protocol, sans-IO; bytes in, messages out.

A new protocol is one file and one line here. Order is priority. The modules are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import DatagramDecoder, StreamDecoder


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
