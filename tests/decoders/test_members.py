from __future__ import annotations

import msgpack
import pytest

from consul_sniff.decoders.base import Budget
from consul_sniff.decoders.members import address, member, tags, verdict

#: rollout40-s1.pcap, frame 5697: the Meta of a client
META = bytes.fromhex(
    "ff88a26964da002462663335353663362d306639322d663365362d623131362d333836653737323134626631a376736ea132a776736e5f6d69"
    "6ea132a776736e5f6d6178a133a56275696c64a7312e31342e343aa4726f6c65a46e6f6465a26463a3646331a77365676d656e74a0",
)


def meta(values: dict[str, str | bytes]) -> bytes:
    return b"\xff" + msgpack.packb(values, use_bin_type=False)


def test_a_real_clients_tags() -> None:
    found = tags(META, Budget(99))
    assert found is not None
    assert found[b"role"] == b"node"
    assert found[b"build"] == b"1.14.4:"
    claim, about, detail = member({b"Node": b"c35", b"Addr": b"\x0a\x4d\x00\x55", b"Port": 8301, b"Incarnation": 3,
                                   b"Meta": META, b"Vsn": b"\x01\x05\x02\x02\x05\x04"}, b"Node", "alive", Budget(99))
    assert claim.subject == ("c35", "10.77.0.85")
    assert claim.value == (
        ("build", "1.14.4:"), ("dc", "dc1"), ("id", "bf3556c6-0f92-f3e6-b116-386e77214bf1"), ("incarnation", 3),
        ("port", 8301), ("role", "node"), ("segment", ""), ("state", "alive"), ("tags", "serf"), ("vsn", "2"),
    )
    assert about == "c35 10.77.0.85:8301 client dc1 1.14.4"
    assert detail["versions"] == [1, 5, 2, 2, 5, 4]


def test_ports_are_numbers_and_named_for_what_they_are() -> None:
    values: dict[str, str | bytes] = {"port": "8300", "grpc_tls_port": "8503", "grpc_port": "x", "wan_join_port": "999999"}
    claim, _, _ = member({b"Name": b"s", b"Meta": meta(values)}, b"Name", "left", Budget(99))
    told = dict(claim.value)
    assert told["rpc_port"] == 8300
    assert told["grpc_tls_port"] == 8503
    assert not {"grpc_port", "wan_join_port"} & set(told)
    assert told["state"] == "left"


@pytest.mark.parametrize(
    ("held", "says"),
    [(b"", "none"), (b"\xff\x80", "serf"), (b"web", "other"), (b"\xff\x8f", "other"), (b"\xff\xc1", "other"),
     (b"\xff\x93abc", "other"), (b"\xff" + b"\x81\x91" * 99, "other")],
)
def test_says_what_meta_held(held: bytes, says: str) -> None:
    claim, _, _ = member({b"Name": b"s", b"Meta": held}, b"Name", "alive", Budget(999))
    assert dict(claim.value)["tags"] == says


def test_hostile_tags_are_made_visible() -> None:
    claim, about, detail = member(
        {b"Name": b"a\x1b[31m", b"Meta": meta({"role": "consul", "dc": b"\xff\x00", "x\n": "\u202e"})}, b"Name", "alive",
        Budget(99))
    assert claim.subject[0] == "a\\u{1b}[31m"
    assert dict(claim.value)["dc"] == "\\u{ff}\\u{0}"
    assert detail["tags"] == {"dc": "\\u{ff}\\u{0}", "role": "consul", "x\\u{a}": "\\u{202e}"}
    assert about.isprintable()


@pytest.mark.parametrize(
    ("packed", "shown"),
    [(b"\x0a\x4d\x00\x0b", "10.77.0.11"), (bytes(10) + b"\xff\xff\x0a\x4d\x00\x0b", "10.77.0.11"), (b"", ""), (b"123", ""),
     (bytes.fromhex("fd770000000000000000000000000013"), "fd77::13")],
)
def test_addresses(packed: bytes, shown: str) -> None:
    assert address(packed) == shown


def test_ipv6_stands_in_brackets() -> None:
    fields: dict[object, object] = {b"Name": b"s", b"Addr": bytes(15) + b"\x01", b"Port": 8301}
    assert member(fields, b"Name", "alive", Budget(9))[1] == "s [::1]:8301"


def test_a_verdict_names_no_address() -> None:
    claim = verdict({b"Node": b"c07", b"Incarnation": 1}, "suspect")
    assert claim == ("member", ("c07", ""), (("incarnation", 1), ("state", "suspect")))
