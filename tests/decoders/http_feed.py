"""Feeding stream decoders in tests, as the driver does: wait on NeedMoreData, go on with a successor."""

import json

from consul_sniff.decoders.base import Cursor, Opening
from consul_sniff.decoders.http1 import Http1
from consul_sniff.errors import NeedMoreData

TOKEN = "7e3c1b52-0c5e-4d43-9a38-1f3a51cbb6a1"
PRINT = "sha256:a652961f"  # of TOKEN


def drive(decoder, parts, size=1 << 20):
    """All messages of ``parts`` ((side, bytes) in order, in pieces of ``size``) as (side, message), with close()'s."""
    waiting, want, told = [bytearray(), bytearray()], [0, 0], []

    def run(side):
        nonlocal decoder
        while waiting[side] and len(waiting[side]) >= want[side]:
            cursor = Cursor(bytes(waiting[side]))
            want[side] = 0
            try:
                messages = decoder.read(side, cursor)
            except NeedMoreData as more:
                want[side] = len(waiting[side]) + more.missing
                return
            assert cursor.position > 0
            del waiting[side][:cursor.position]
            told.extend((side, message) for message in messages)
            if decoder.successor is not None:
                decoder, want[0], want[1] = decoder.successor, 0, 0
                run(1 - side)

    for side, data in parts:
        for at in range(0, len(data), size):
            waiting[side] += data[at:at + size]
            run(side)
    last = decoder.close()
    sides = list(decoder.closed_sides) + [decoder.originator or 0] * len(last)
    return told + list(zip(sides, last, strict=False))


def opening(first=b"", second=b"", began=(True, True)):
    return Opening((first, second), began, None)


def request(line, *headers, body=b""):
    """An HTTP/1.1 request; its length is said where it has a body."""
    lines = [f"{line} HTTP/1.1", "Host: 10.77.0.11:8500", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response(status, body=b"", *headers):
    if isinstance(body, dict | list):
        body = json.dumps(body, separators=(",", ":")).encode()
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


CONSUL = ("Content-Type: application/json", "X-Consul-Default-Acl-Policy: deny")


def exchange(asked, answered, size=1 << 20):
    """The messages of one request and its response."""
    return [message for _, message in drive(Http1(), [(0, asked), (1, answered)], size)]


def fields(message):
    return dict(message.fields)


def secrets_of(messages):
    return [secret for message in messages for secret in message.secrets]


def claims_of(messages):
    return [claim for message in messages for claim in message.claims]
