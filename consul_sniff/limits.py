"""Every budget of the program, in one place, each with its reason. `consul-sniff doctor --limits` prints them."""

from __future__ import annotations

from typing import Final

RECORD_BYTES: Final = 262_144  # libpcap's MAXIMUM_SNAPLEN: a larger record is damage
PCAPNG_BLOCK_BYTES: Final = 16 * 1024 * 1024  # libpcap's own bound
LAYERS: Final = 8  # tunnels in tunnels: Zeek allows 4, Suricata 16
IPV6_EXTENSIONS: Final = 16
FLOWS: Final = 65_536  # live at once; the oldest idle one is evicted and counted
SHARES: Final = 8  # of the flows, by a hash: each has its part of what is bounded, so that several processes forget like one
CONVERSATIONS: Final = 262_144  # folded, kept to the end
ATTEMPTS: Final = 8_192  # conversations that one side alone spoke in, or that carried nothing: scans and floods make millions
SIGHTINGS: Final = 262_144
CLAIMS: Final = 65_536
EXPOSURES: Final = 16_384
STREAM_BUFFER: Final = 65_536  # bytes waiting for a decoder, per side of a flow
MESSAGE_BYTES: Final = 1024 * 1024  # one message that a decoder asks for whole
STREAM_BUFFERS: Final = 64 * 1024 * 1024  # all of them together
EARLY_BYTES: Final = 262_144  # TCP bytes ahead of a hole, per side
EARLY_SEGMENTS: Final = 64  # then the hole is given up
FRAGMENTS: Final = 4_096  # per datagram
FRAGMENT_BYTES: Final = 8 * 1024 * 1024  # in all
FRAGMENT_SECONDS: Final = 60
LZW_BYTES: Final = 1024 * 1024  # unpacked from one message
MSGPACK_DEPTH: Final = 32
MSGPACK_ITEMS: Final = 65_536  # of one message
SAID: Final = 4_096  # gossip messages and node states that are known by heart
SAID_BYTES: Final = 1_024  # of one of them: Serf's tags have 512 at most
MEMBERLIST_DEPTH: Final = 8  # compound in compress in compound ...
MEMBERLIST_PARTS: Final = 512  # of one packet
BODY_BYTES: Final = 4 * 1024 * 1024  # HTTP and gRPC bodies, per message, streamed
UNZIP_RATIO: Final = 200  # more is a bomb
BODIES: Final = 64 * 1024 * 1024  # windows and pieces of bodies that are being read, all flows together
JSON_BYTES: Final = 1024 * 1024  # of one body that is read for its structure, not only searched
HEADER_LINE: Final = 16_384
HEADERS: Final = 100
HTTP2_STREAMS: Final = 128  # of one connection; the oldest is forgotten
HEADER_BYTES: Final = 65_536
CONTINUATIONS: Final = 64
GCM_KEYS: Final = 8  # tried on a message
TEXT: Final = 1_024  # characters of any text out of a packet that is shown
EVIDENCE_SUMMARY: Final = 256
IDENTIFY_BYTES: Final = 40_960  # a window in which a stream must show what it is: two full TLS records fit
IDENTIFY_TOTAL: Final = 1024 * 1024  # of one side, then the flow is called unknown
IDENTIFY_TRIES: Final = 64
OPENINGS: Final = 8 * 1024 * 1024  # bytes of TLS handshakes that are held until they are over, all flows together
DATAGRAMS_DECODED: Final = 64  # a side of a UDP flow that is not gossip (DNS): then only counted
STATE_BYTES: Final = 512 * 1024 * 1024  # of a followed run's saved state: every table full, and to spare
FOLLOWED: Final = 65_536  # captures that one followed run tells apart: one an hour for seven years
NOTES: Final = 1_024  # names of notes
UNITS: Final = 16_384  # messages of framed streams that are known by heart; when full all are learnt anew
UNITS_HEARD: Final = 262_144  # of all sides together
ASLEEP: Final = 8 * 1024 * 1024  # bytes of the beginnings of conversations that are known by heart
ASLEEP_KEPT: Final = 131_072  # pieces of them that live conversations said
ASLEEP_FLOW: Final = 65_536  # of one of them; longer ones are decoded
ASLEEP_PIECES: Final = 96  # likewise
TOLD: Final = 1  # Payload.unit of what was counted already
UNITS_SIDE: Final = 64  # different ones of a side; the rest is decoded
FINDINGS: Final = 10_000
KEPT_WINDOW: Final = 32 * 1024 * 1024  # bytes of recent packets that wait for a judgement: 1.5 s of 50,000 packets of 450 bytes
KEPT_COPIES: Final = 32 * 1024 * 1024  # bytes of single packets that prove something or may come to
SIGNATURE_BYTES: Final = 65_536  # of one YAML file of signatures; the checklist, the largest, has a third of it
SIGNATURES: Final = 10_000  # files in one folder of signatures
HTTP_CLIENTS: Final = 32  # of --metrics at once: Prometheus is one or two, and each is answered at once
HTTP_REQUEST: Final = 8_192  # bytes of a request's head
HTTP_SECONDS: Final = 5  # for a request to come and its answer to be taken
