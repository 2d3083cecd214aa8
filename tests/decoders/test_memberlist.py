from __future__ import annotations

import random
import zlib

import msgpack
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.memberlist import Memberlist
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.keyring import Keyring
from consul_sniff.limits import LZW_BYTES
from consul_sniff.model import Message, Protection

# Real datagrams of Consul 1.13.9 and 1.14.4; the captures and frames they come from stand beside them.
PING = bytes.fromhex(  # plain-s1 183
    "0085a44e6f6465a27332a55365714e6f01aa536f7572636541646472a40a4d000baa536f757263654e6f6465a27331aa536f75726365506f7274cd"
    "206d",
)
INDIRECT_PING = bytes.fromhex(  # rollout40-s1 3103
    "0188a44e61636bc3a44e6f6465a3633231a4506f7274cd206da55365714e6f07aa536f7572636541646472a40a4d004eaa536f757263654e6f6465"
    "a3633238aa536f75726365506f7274cd206da6546172676574a40a4d0047",
)
ACK = bytes.fromhex(  # plain-s1 184
    "0282a75061796c6f6164da00820184aa41646a7573746d656e74cb3ee7a4684a3cba82a54572726f72cb3ff68d5488541c77a6486569676874cb3e"
    "f88e03e6fb547da356656398cb3ef61d1aababa06ccb3ef7ea1e50eb3935cb3ef29e6fbf7d3713cb3f013430a6e6fdafcb3ef9d58a2cef40eacb3e"
    "e0acb16a454e95cb3ef5936d967949b2cb3efe7687adbf210aa55365714e6f01",
)
LEFT = bytes.fromhex(  # plain-s1 1294
    "0c46ccaff40583a446726f6da26331ab496e6361726e6174696f6e01a44e6f6465a26331",
)
EVENT = bytes.fromhex(  # plain-s1 248
    "0c0baf3370080384a24343c2a54c54696d6501a44e616d65b1636f6e73756c3a6e65772d6c6561646572a75061796c6f6164a27333",
)
SUSPECT = bytes.fromhex(  # rollout40-s1 2844
    "0c2988497f0383a446726f6da3633239ab496e6361726e6174696f6e01a44e6f6465a3633037",
)
NACK_AND_ALIVE = bytes.fromhex(  # rollout40-s1 5697: a compound
    "0702000900ab0b81a55365714e6f400486a441646472a40a4d0055ab496e6361726e6174696f6e03a44d657461da006eff88a26964da0024626633"
    "35353663362d306639322d663365362d623131362d333836653737323134626631a376736ea132a776736e5f6d696ea132a776736e5f6d6178a133"
    "a56275696c64a7312e31342e343aa4726f6c65a46e6f6465a26463a3646331a77365676d656e74a0a44e6f6465a3633335a4506f7274cd206da356"
    "736ea6010502020504",
)
COMPRESSED = bytes.fromhex(  # ipv6-s1 143: checksum, compressed, a compound inside
    "0c1a060d1c0982a4416c676f00a3427566da0271000f100810812041001208182215840c1939b0fadd0140b1a2c58a1356257133268c1c3761e8a4"
    "79e32600a92665e884d10620d93f6f00209092f3864d19536348cea9c346149931a37ec63835a7cc993665dcd001252a0d19962460d4c831e6468c"
    "18385a841163864c0b1b30708c6941a64c8d182dba5abd41460c8e1b326ed4286586ce97396942c56875278c9b2f6adea4f90be78d1c3aa470cc80"
    "21e3949d397fdb84c1136a46293175d2b021732a868b18335ce4d091ea8c1c3863be143e9cb806635365f0c02933864e65ba76cdccd13beab19b50"
    "3250c90953f78befcaa45623560c038663c85fda0c064e2acc1836bb619072f2a6aca839334841314ca7198836a3ac403615a080000105082864e8"
    "10a2c48bf82946d0c8d1234891249984924a2cb9041304c21167d771e12997d8623094765a6a0ee2e09a0cb87da19b5e19e2a517514621a51428bd"
    "4106dc73914d27036cb2d1665b7834d984934e3ca118dd64b761a619679e81269a0ed55d971d5f7e01261861e43dc8984f4009d5d4530090f0960c"
    "38c800431959e52043193468655d182dc0a065973490518318319811030d65d8204318db7557c6773188479e79e8a9e7067beec127df420d3d14d1"
    "44f95d24017f1d7d14d248259d94d24a2dbd145390d8850243861bc6d0615e31b0385b6d9511f9576083a99624738df9169d8a364a465983a74238"
    "534d37e5e4c64e6c807854524b25581c8312a2662a6b162ef9535063c4f0245439c4f0530d389451460b659831439730848183192dc450465b2de0"
    "80030d36e000c31857c2406e89bf61a8e3669d7d16da68717a37870c761e86677aebb5f75e7c08042048294c50910652267167af0c0101",
)
SEALED = bytes.fromhex(  # keyrotation-s1 201
    "0139d4e05f00eb88ef0ea1ec173fb0163359fd4c9414e02e44ea26d62f2e83093076edf94880e11a0e4be35bfbd7efc826284ba43ee6ea3854a551"
    "959940b832f6b40421135010b74176b588",
)
KEY = bytes(range(32))
NONCE = bytes.fromhex("e03a5c83db27c8a374e95e23")


def read(data: bytes, missing: int = 0, keyring: Keyring | None = None) -> list[Message]:
    messages = list(Memberlist(keyring, missing).read(Cursor(data), Budget(LZW_BYTES)))
    for message in messages:
        assert set(dict(message.fields)) <= set(Memberlist.kinds[message.kind])
        assert message.summary.isprintable()
    return messages


def kinds(messages: list[Message]) -> list[str]:
    return [message.kind for message in messages]


def compound(*parts: bytes) -> bytes:
    return b"\x07" + bytes((len(parts),)) + b"".join(len(part).to_bytes(2, "big") for part in parts) + b"".join(parts)


def compressed(data: bytes) -> bytes:
    """With literal codes only, and a clear code before the width grows."""
    codes: list[int] = []
    for at in range(0, len(data), 200):
        codes += [256, *data[at:at + 200]]
    bits = sum(code << 9 * place for place, code in enumerate([*codes, 257]))
    packed = bits.to_bytes((9 * (len(codes) + 1) + 7) // 8, "little")
    return b"\x09" + msgpack.packb({"Algo": 0, "Buf": packed}, use_bin_type=False)


def checked(data: bytes) -> bytes:
    return b"\x0c" + zlib.crc32(data).to_bytes(4, "big") + data


def seal(plain: bytes, label: bytes = b"") -> bytes:
    header = b"\xf4" + bytes((len(label),)) + label if label else b""
    return header + b"\x01" + NONCE + AESGCM(KEY).encrypt(NONCE, plain, label)


REAL = [
    (PING, ["ping"], "ping to s2 from s1"),
    (INDIRECT_PING, ["indirect-ping"], "please ping c21 from c28"),
    (ACK, ["ack"], "ack"),
    (LEFT, ["dead"], "c1 left"),
    (EVENT, ["user-event"], "user event consul:new-leader"),
    (SUSPECT, ["suspect"], "c29 calls c07 suspect"),
    (NACK_AND_ALIVE, ["nack", "alive"], "alive c35 10.77.0.85:8301 client dc1 1.14.4"),
    (COMPRESSED, ["alive", "alive", "alive", "join"], "alive s3 [fd77::13]:8301 server dc1 1.13.9"),
]


@pytest.mark.parametrize(("data", "expected", "summary"), REAL)
def test_real_datagrams(data: bytes, expected: list[str], summary: str) -> None:
    messages = read(data)
    assert kinds(messages) == expected
    assert summary in [message.summary for message in messages]
    assert {message.protection for message in messages} == {Protection.PLAINTEXT}
    assert not any(message.decrypted for message in messages)


@pytest.mark.parametrize(("data", "expected", "summary"), REAL)
def test_real_datagrams_behind_a_label_and_inside_others(data: bytes, expected: list[str], summary: str) -> None:
    assert kinds(read(b"\xf4\x03dc1" + data)) == expected
    assert (read(b"\xf4\x03dc1" + data)[0].detail or {})["label"] == "dc1"
    inner = data[5:] if data[0] == 12 else data
    assert kinds(read(compound(inner, inner))) == expected * 2
    assert kinds(read(checked(compressed(compound(inner))))) == expected
    assert summary in [message.summary for message in read(compressed(inner))]


@pytest.mark.parametrize(("data", "expected", "summary"), REAL)
def test_real_datagrams_with_trailing_bytes(data: bytes, expected: list[str], summary: str) -> None:
    if data[0] == 12:
        data = data[5:]
    messages = read(data + b"\x00\xff")
    assert kinds(messages) == expected
    assert summary in [message.summary for message in messages]


@pytest.mark.parametrize(("data", "expected", "summary"), REAL)
def test_real_datagrams_that_were_cut(data: bytes, expected: list[str], summary: str) -> None:
    assert summary in [message.summary for message in read(data)]
    seen = 0
    for kept in range(1, len(data)):
        try:
            messages = read(data[:kept], len(data) - kept)
        except (DecodeError, NeedMoreData):
            assert kept < 34
            continue
        seen += 1
        assert all(message.protection is Protection.PLAINTEXT for message in messages), kept
        found = [kind for kind in kinds(messages) if kind != "other"]
        assert found == expected[:len(found)]
        with pytest.raises(DecodeError):  # the same bytes as a whole datagram are damaged
            read(data[:kept])
    assert seen > len(data) // 3


def test_members_of_a_compound() -> None:
    claims = [claim for message in read(COMPRESSED) for claim in message.claims]
    assert [claim.subject for claim in claims] == [("s3", "fd77::13"), ("s1", "fd77::11"), ("s2", "fd77::12")]
    value = dict(claims[0].value)
    assert (value["role"], value["acls"], value["rpc_port"], value["wan_join_port"]) == ("consul", "0", 8300, 8302)


def test_an_old_agents_ping() -> None:
    assert read(b"\x00\x82\xa4Node\xa2s2\xa5SeqNo\x01")[0].summary == "ping to s2"


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(DecodeError, match="crc mismatch"):
        read(EVENT[:-1] + b"x")
    assert kinds(read(EVENT[:-1], 1)) == ["user-event"]


def test_sealed_gossip_is_known_by_its_structure() -> None:
    (message,) = read(SEALED)
    assert message.protection is Protection.ENCRYPTED
    assert message.fields == (("confidence", "medium"), ("key", None), ("version", 1))
    assert read(b"\xf4\x02dc" + SEALED)[0].detail == {"bytes": 76, "label": "dc"}


def test_sealed_gossip_that_was_cut_is_told_with_low_confidence() -> None:
    for kept in range(1, len(SEALED)):
        if kept < 13:
            with pytest.raises(DecodeError):
                read(SEALED[:kept], len(SEALED) - kept)
        else:
            (message,) = read(SEALED[:kept], len(SEALED) - kept)
            assert dict(message.fields)["confidence"] == "low"
            assert (message.detail or {})["bytes"] == len(SEALED)


@pytest.mark.parametrize("label", [b"", b"dc1"])
@pytest.mark.parametrize(("data", "expected", "summary"), REAL)
def test_a_keyring_opens_sealed_gossip(data: bytes, expected: list[str], summary: str, label: bytes) -> None:
    keyring = Keyring([bytes(16), KEY])
    sealed, *inner = read(seal(data, label), keyring=keyring)
    assert sealed.fields == (("confidence", "high"), ("key", keyring.fingerprints[1]), ("version", 1))
    assert kinds(inner) == expected
    assert summary in [message.summary for message in inner]
    assert all(message.decrypted and message.protection is Protection.ENCRYPTED for message in inner)
    other = Keyring([bytes(16)])
    assert dict(read(seal(data, label), keyring=other)[0].fields)["key"] is None


def test_plaintext_stays_plaintext_with_a_keyring() -> None:
    assert not read(PING, keyring=Keyring([KEY]))[0].decrypted


@pytest.mark.parametrize("version", [0, 1])
def test_a_nonce_that_looks_like_a_map_is_no_plaintext(version: int) -> None:
    """Its first byte a map header, its second a short text: 1 nonce in 256 (of each) begins so."""
    dice = random.Random(version)
    for _ in range(3_000):
        nonce = bytes((dice.choice((0x81, 0x82, 0x85, 0xDE)), dice.choice((0xA4, 0xA5, 0, 0xAA)))) + dice.randbytes(10)
        for message in _told(bytes((version,)) + nonce + dice.randbytes(64)):
            assert message.protection is Protection.ENCRYPTED


def test_random_datagrams_are_never_plaintext() -> None:
    dice = random.Random(11)
    for number in range(20_000):
        data = bytearray(dice.randbytes(dice.choice((2, 13, 40, 77, 200))))
        data[0] = number % 14 if number % 3 else data[0]
        assert all(message.protection is Protection.ENCRYPTED for message in _told(bytes(data)))


def _told(data: bytes, missing: int = 0) -> list[Message]:
    messages: list[Message] = []
    try:
        for message in Memberlist(None, missing).read(Cursor(data), Budget(100_000)):
            messages.append(message)  # noqa: PERF402  what was told before an error counts too
    except (DecodeError, NeedMoreData):
        pass
    return messages


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xf4", b"\xf4\x00", b"\xf4\x09dc", b"\xf4\x02dc", b"\x07\x00", b"\x07\x01\x00", b"\x07\x01\x00\x00", b"\x0c\x00\x00",
        b"\x07\x01\x00\x09" + PING[:8], b"\x08", b"\x08\x03", b"\x08hello world", b"\x0b", b"\xff\x81\xa5SeqNo\x01",
        b"\x09\x82\xa4Algo\x01\xa3Buf\xa1x", b"\x09\x82\xa4Algo\x00\xa3Buf\xa0", b"\x0a" + bytes(40), b"\x00\x81\xa4Node\xa1s",
        bytes.fromhex("1a2b01000001000000000000037777770365786d03636f6d0000010001"), compound(compound()),
        compressed(b"") , checked(b""),
    ],
)
def test_what_is_no_gossip_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        read(data)


def test_unknown_messages_are_told_only_where_gossip_is_proven() -> None:
    for data in (b"\x08not serf", b"\x2aany"):
        with pytest.raises(DecodeError):
            read(data)
        expected = ["user" if data[0] == 8 else "other"]
        assert kinds(read(checked(data))) == expected
        assert kinds(read(compound(PING, data))) == ["ping", *expected]


def test_layers_are_bounded() -> None:
    data = PING
    for _ in range(8):
        data = compound(data)
    assert kinds(read(data)) == ["ping"]
    with pytest.raises(DecodeError, match="depth"):
        read(compound(data))


def test_parts_are_bounded() -> None:
    many = compound(*[PING] * 255)
    assert len(read(many)) == 255
    with pytest.raises(DecodeError, match="parts"):
        read(compound(many, many, many))


def test_a_bomb_in_every_part_is_bounded_over_all() -> None:
    run = b"\x00" * 100_000
    bomb = compressed(run)[:60_000]
    with pytest.raises(DecodeError):
        read(compound(*[bomb] * 4))
    assert len(_told(compound(*[compressed(PING)] * 255))) == 255


@given(st.binary(max_size=200), st.sampled_from(range(14)), st.integers(0, 3))
def test_only_the_two_errors_leave(data: bytes, first: int, missing: int) -> None:
    for whole in (data, bytes((first,)) + data, checked(bytes((first,)) + data), compound(PING, bytes((first,)) + data)):
        _told(whole, missing)


@given(st.sampled_from([row[0] for row in REAL]), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=3))
def test_damaged_datagrams(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data[5:] if data[0] == 12 else data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    for message in _told(bytes(damaged)):
        assert message.summary.isprintable()
