"""What xDS tells a sidecar: its public listener, the port of the service behind it, its private key.

Messages are protobuf, walked without a schema along the few fields that count (envoy/service/discovery/v3, and
envoy/config/{cluster,listener,endpoint,core}/v3 of envoyproxy/data-plane-api):
DiscoveryResponse.resources = 2 (Any); DeltaDiscoveryResponse.resources = 2 (Resource.resource = 2: Any).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import limits
from .claims import address_of, listener, service
from .http_body import Finds, Sink

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD: Final = limits.JSON_BYTES  # of a message that is walked; the rest is only searched for keys
FIELDS: Final = 4_096  # of one protobuf message
_ANY: Final = b"type.googleapis.com/"
_CLUSTER: Final = b"type.googleapis.com/envoy.config.cluster.v3.Cluster"
_LISTENER: Final = b"type.googleapis.com/envoy.config.listener.v3.Listener"


class XdsSink(Sink):
    """A gRPC message of one of Consul's services: private keys by their PEM, ports by the structure."""

    def __init__(self, finds: Finds, where: str, path: str) -> None:
        super().__init__(finds, where, path, hold=True)

    def done(self) -> None:
        super().done()
        held, self.held = self.held, None
        if held:
            read_response(bytes(held), self.finds)


def read_response(data: bytes, finds: Finds) -> None:
    """Keep what the clusters and listeners of a (delta) discovery response say of ports. Hostile bytes: nothing."""
    for number, value in fields(data):
        if number != 2 or not isinstance(value, bytes):
            continue
        any_ = value if value[2:2 + len(_ANY)] == _ANY else _bytes(value, 2)
        url, resource = _bytes(any_, 1), _bytes(any_, 2)
        if url == _CLUSTER and _bytes(resource, 1) == b"local_app":
            _local_app(resource, finds)
        elif url == _LISTENER and _bytes(resource, 1).startswith(b"public_listener:"):
            address, port = _socket(_bytes(resource, 2))
            made = listener(address, port, "mesh", "", "xds", "peer")
            if made is not None:
                finds.claim(made)


def _local_app(cluster: bytes, finds: Finds) -> None:
    """Cluster.load_assignment = 33, its endpoints = 2, lb_endpoints = 2, endpoint = 1, address = 1."""
    for number, endpoints in fields(_bytes(cluster, 33)):
        if number == 2 and isinstance(endpoints, bytes):
            address, port = _socket(_bytes(_bytes(_bytes(endpoints, 2), 1), 1))
            made = service(address, port, "", "xds", "peer")
            if made is not None:
                finds.claim(made)


def _socket(address: bytes) -> tuple[str, int]:
    """Address.socket_address = 1: address = 2, port_value = 3."""
    socket = _bytes(address, 1)
    port = next((value for number, value in fields(socket) if number == 3 and isinstance(value, int)), 0)
    return address_of(_bytes(socket, 2)), port


def begins_message(data: bytes) -> bool:
    """Say whether these bytes begin with a gRPC message's prefix.

    Asked of a DATA frame's first bytes.
    """
    return len(data) > 5 and data[0] in (0, 1) and 0 < int.from_bytes(data[1:5], "big") <= 1 << 24


def begins_response(data: bytes) -> bool:
    """Is this the beginning of a (delta) discovery response? Its resources stand first, at most behind a version."""
    for number, value in fields(data[5:]) if begins_message(data) else ():
        if number == 2:
            return isinstance(value, bytes) and _ANY in value[:512]
        if number > 2:
            return False
    return False


def fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """A protobuf message's fields (number, value), as far as it is well-formed; a value that is cut comes as it is."""
    position = 0
    for _ in range(FIELDS):
        if position >= len(data):
            return
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if number == 0:
            return
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(data, position)
            yield number, data[position:position + length]
            position += length
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        else:
            return


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            return 0, len(data)
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
    return 0, len(data)


def _bytes(data: bytes, wanted: int) -> bytes:
    """The first length-delimited field of that number, or nothing."""
    return next((value for number, value in fields(data) if number == wanted and isinstance(value, bytes)), b"")
