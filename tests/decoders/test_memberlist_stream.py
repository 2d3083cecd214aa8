from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Cursor, Opening
from consul_sniff.decoders.memberlist_stream import MemberlistStream, recognise
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.keyring import Keyring
from consul_sniff.model import Message, Protection

PUSH_PULL = bytes.fromhex(  # wan-s1.pcap, a server joins the WAN pool
    "0982a4416c676f00a3427566da0181000d0c22a5e44d1a37c34a397943a6cc9c00acaacc2923670a9d3074ca3029e3a69900278748052143460e29"
    "054d002c5895c4cd983072dc604cf3c64d00524dca5cd406e0d6bf47a4c28c613327148c5266e87c315334c6283b73dc849291ea8c1c3863bec079"
    "23870e291c3560c840aa744e9a5031449119336a6d8c5350dd7c6973702adca873c3e0093503959c3049bfc4e54b6a6bd7af3360c04825e6cd1b3a"
    "73e8fc858396949c376cca981a53734e1d36a7269e69c3910e285169c8f024414346981b6b6fc4683103070d312dca8c3163a3c50d186464b43083"
    "63b70c19636ac4507e544c9d346cc89c8ae122c60c17397490721286b4a939d4dd9282c2954e33106e4a59c45806c0282b514d05282040400102020"
    "ca92a62a734132a6990168029fc95360737020000cc820c36e8e083104628e184145668e1851866a8e1861c76e8e187208628e288249668e289286"
    "658ca7f019611c02a1b2595531b6250340724aa4451074579b028202bebd151c71c3e3a14c877e18d1103000101",
)
SEALED_PING = bytes.fromhex(  # rollout40-s1.pcap: 70 bytes, the fallback ping
    "0a0000004101edd7dc9db195a1619155984c7a2c27a88a219fb9c2af4e3f1f4a0ed4f0999ad8ae5ebadd3f9985cde5fa39d37846d36e86891b8fdc0c"
    "256a2c7cc40efb0bd079",
)
PING = bytes.fromhex("0082a44e6f6465a27332a55365714e6f01")
ACK = bytes.fromhex("0282a75061796c6f6164a0a55365714e6f01")
ERROR = bytes.fromhex("0d81a54572726f72a26e6f")
KEY = bytes(range(16))


def opening(first: bytes, second: bytes = b"", began: tuple[bool, bool] = (True, True), opener: int | None = 0) -> Opening:
    return Opening((first, second), began, opener)


def seal(plain: bytes, label: bytes = b"", version: int = 1) -> bytes:
    """As encryptLocalState (net.go) and AddLabelHeaderToStream (label.go)."""
    nonce = bytes(range(200, 212))
    if version == 0:
        more = 16 - len(plain) % 16
        plain += bytes((more,)) * more
    head = b"\x0a" + (29 + len(plain)).to_bytes(4, "big")
    box = bytes((version,)) + nonce + AESGCM(KEY).encrypt(nonce, plain, head + label)
    return (b"\xf4" + bytes((len(label),)) + label if label else b"") + head + box


def feed(decoder: MemberlistStream, side: int, data: bytes, step: int) -> list[Message]:
    """As the driver: what was not taken stays, and is not offered again before as much came as was asked for."""
    messages: list[Message] = []
    at = want = 0
    for have in [*range(step, len(data), step), len(data)]:
        if have - at < want:
            continue
        cursor = Cursor(data[:have], at)
        want = 0
        while cursor.position < have:
            before = cursor.position
            try:
                told = decoder.read(side, cursor)
            except NeedMoreData as more:
                want = have - before + more.missing
                break
            assert cursor.position > before
            for message in told:
                assert set(dict(message.fields)) <= set(decoder.kinds[message.kind])
            messages += told
            at = cursor.position
    return messages


def kinds(messages: list[Message]) -> list[str]:
    return [message.kind for message in messages]


@pytest.mark.parametrize("step", [1, 7, 1_000])
@pytest.mark.parametrize("label", [b"", b"\xf4\x03dc1"])
def test_a_real_push_pull(step: int, label: bytes) -> None:
    decoder = MemberlistStream.begin(opening(PUSH_PULL))
    messages = feed(decoder, 0, label + PUSH_PULL, step)
    assert kinds(messages) == ["push-pull", "node-state", "serf-push-pull"]
    assert messages[0].summary == "push/pull of 1 node, join"
    assert messages[1].claims[0].subject == ("s1.dc1", "10.77.0.11")
    assert dict(messages[1].claims[0].value)["role"] == "consul"
    assert all(message.protection is Protection.PLAINTEXT for message in messages)
    assert ((messages[0].detail or {}).get("label") == "dc1") == bool(label)


@pytest.mark.parametrize("step", [1, 7, 1_000])
@pytest.mark.parametrize("label", [b"", b"dc1"])
@pytest.mark.parametrize("version", [0, 1])
def test_a_keyring_opens_it(step: int, label: bytes, version: int) -> None:
    decoder = MemberlistStream.begin(opening(b""))
    decoder.keyring = Keyring([bytes(32), KEY])
    messages = feed(decoder, 0, seal(PUSH_PULL, label, version), step)
    assert kinds(messages) == ["sealed", "push-pull", "node-state", "serf-push-pull"]
    assert messages[0].fields == (("confidence", "high"), ("key", decoder.keyring.fingerprints[1]), ("version", version))
    assert all(message.decrypted and message.protection is Protection.ENCRYPTED for message in messages[1:])


@pytest.mark.parametrize("step", [1, 18, 1_000])
@pytest.mark.parametrize("keyring", [None, Keyring([bytes(16)])])
def test_sealed_and_not_opened(step: int, keyring: Keyring | None) -> None:
    decoder = MemberlistStream.begin(opening(SEALED_PING))
    decoder.keyring = keyring
    messages = feed(decoder, 0, SEALED_PING, step)
    assert [message.fields for message in messages] == [(("confidence", "medium"), ("key", None), ("version", 1))]
    assert (messages[0].detail or {})["bytes"] == 65


def test_nobody_waits_for_a_body_that_nobody_can_open() -> None:
    decoder = MemberlistStream.begin(opening(b""))
    big = b"\x0a" + (10_000_000).to_bytes(4, "big") + b"\x01" + bytes(range(100, 112))
    cursor = Cursor(big)
    assert kinds(decoder.read(0, cursor)) == ["sealed"]
    assert not decoder.content(0)
    assert decoder.content(1)
    decoder.gap(0, 9_000_000)
    with pytest.raises(DecodeError, match="gap"):
        decoder.gap(0, 1_000_000)


def test_a_gap_in_plaintext_ends_it() -> None:
    decoder = MemberlistStream.begin(opening(PUSH_PULL))
    feed(decoder, 0, PUSH_PULL[:100], 100)
    with pytest.raises(DecodeError, match="gap"):
        decoder.gap(0, 1)


@pytest.mark.parametrize(("first", "side", "originator"), [(PING, 0, 0), (PING, 1, 1), (ACK, 1, 0), (ERROR, 0, 1),
                                                           (PUSH_PULL, 0, None)])
def test_who_asked_is_seen_from_what_was_asked(first: bytes, side: int, originator: int | None) -> None:
    decoder = MemberlistStream.begin(opening(b"", opener=None))
    assert decoder.originator is None
    feed(decoder, side, first, 1_000)
    assert decoder.originator == originator
    assert MemberlistStream.begin(opening(b"", opener=1)).originator == 1


@pytest.mark.parametrize("data", [PUSH_PULL, SEALED_PING, PING, ACK, ERROR, seal(PING, version=0)])
def test_claims_whole_beginnings_never_a_lone_byte(data: bytes) -> None:
    assert MemberlistStream.claims(opening(data)) is True
    assert MemberlistStream.claims(opening(b"\xf4\x03dc1" + data)) is True
    assert MemberlistStream.claims(opening(data[:1])) is None
    verdicts = [recognise(data[:kept]) for kept in range(1, len(data) + 1)]
    turn = verdicts.index(True)
    assert verdicts == [None] * turn + [True] * (len(verdicts) - turn)
    assert turn >= 6


@pytest.mark.parametrize(
    "data",
    [
        b"\x00", b"\x06\x83", b"\x09\x82\xa4Al", b"\x0a\x00\x00\x00\x41", b"\xf4", b"\xf4\x03d", b"\xf4\x03dc1",
    ],
)
def test_asks_for_more(data: bytes) -> None:
    assert MemberlistStream.claims(opening(data)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"\n\n\n\n\n\n", b"\nhello world, this is text", b"\xf4\x00",
        b"\x06\x90", b"\x00\x00\x00\x00\x00\x00", b"\x0a\x00\x00\x00\x41\x02",  # no such version
        b"\x0a\x00\x00\x00\x1d\x01" + bytes(range(40, 90)),  # no room for a body
        b"\x0a\x00\x00\x00\x41\x01" + bytes(80),  # no nonce is all zeros
        SEALED_PING + b"x",  # a side sends one message
        b"\x0a\x05\x00\x00\x41\x01" + bytes(range(40, 90)),  # 80 MB
        b"\x0a\x0d\x0aHost: x", b"\x07\x01\x00\x11" + PING, b"\x04\x81\xa4Node",  # (UDP's)
    ],
)
def test_does_not_claim(data: bytes) -> None:
    assert MemberlistStream.claims(opening(data)) is False


@pytest.mark.parametrize("whole", [PUSH_PULL, SEALED_PING, PING])
def test_claims_a_stream_without_its_syn_but_nothing_in_its_middle(whole: bytes) -> None:
    assert MemberlistStream.claims(opening(whole, began=(False, False), opener=None)) is True
    for at in range(1, len(whole) - 8):
        assert MemberlistStream.claims(opening(whole[at:], began=(False, False), opener=None)) is not True


def test_both_sides_must_agree() -> None:
    assert MemberlistStream.claims(opening(b"")) is None
    assert MemberlistStream.claims(opening(PUSH_PULL, b"HTTP/1.1 200")) is False
    assert MemberlistStream.claims(opening(PUSH_PULL, ERROR)) is True
    assert MemberlistStream.claims(opening(PUSH_PULL, SEALED_PING[:3])) is True
    assert MemberlistStream.claims(opening(b"", PUSH_PULL, opener=1)) is True


def test_random_streams_are_not_claimed() -> None:
    dice = random.Random(5)
    for number in range(20_000):
        data = bytearray(dice.randbytes(60))
        data[0] = number % 14
        assert not MemberlistStream.claims(opening(bytes(data)))


@pytest.mark.parametrize("data", [b"\x07\x01", b"\x00\x90", b"\xf4\x00x", b"\x0a\x00\x00\x00\x01\x01" + bytes(60)])
def test_refuses(data: bytes) -> None:
    with pytest.raises(DecodeError):
        feed(MemberlistStream(), 0, data, len(data))


def test_bytes_after_a_message_must_be_another() -> None:
    decoder = MemberlistStream.begin(opening(PING))
    assert kinds(feed(decoder, 0, PING + PING, 3)) == ["ping", "ping"]
    with pytest.raises(DecodeError):
        feed(decoder, 0, b"trailing", 8)
    with pytest.raises(DecodeError):  # a label only begins a stream
        feed(decoder, 0, b"\xf4\x03dc1" + PING, 30)


def test_a_push_pull_that_breaks_off_says_so_and_leaves_the_other_side_alone() -> None:
    header = bytes.fromhex("0683a44a6f696ec2a54e6f64657302ac55736572537461746 54c656e00".replace(" ", ""))
    node = bytes.fromhex("82a44e616d65a27331a5537461746500")
    for step in (1, 1_000):
        decoder = MemberlistStream.begin(opening(header))
        messages = feed(decoder, 0, header + node + b"\x90\x90more", step)
        assert kinds(messages) == ["push-pull", "node-state", "other"]
        assert messages[-1].summary == "the rest is not read: node-state without Name"
        assert not decoder.content(0)
        assert kinds(feed(decoder, 1, PUSH_PULL, 50)) == ["push-pull", "node-state", "serf-push-pull"]


HEADS = [b"", b"\xf4\x02dc", b"\x06\x83\xa4Join\xc2\xa5Nodes", PING, b"\x0a\0\0\0", PUSH_PULL[:90]]


@given(st.binary(max_size=200), st.sampled_from(HEADS), st.sampled_from([1, 5, 1_000]))
def test_only_the_two_errors_leave(data: bytes, head: bytes, step: int) -> None:
    assert MemberlistStream.claims(opening(head + data, data)) in (True, False, None)
    _fed(head + data, step)
    _fed(seal(data), step)


def _fed(data: bytes, step: int) -> None:
    decoder = MemberlistStream.begin(opening(data))
    decoder.keyring = Keyring([KEY])
    try:
        messages = feed(decoder, 0, data, step)
    except DecodeError:
        return
    assert all(message.protocol == "memberlist" for message in messages)
