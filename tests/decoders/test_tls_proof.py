from __future__ import annotations

import random

import pytest

from consul_sniff.decoders.base import Opening
from consul_sniff.decoders.tls_proof import Proof, may_be_clear, proofs_of

from . import tls_lab

CLIENT, SERVER = tls_lab.handshake()[0][1], tls_lab.handshake()[1][1]
SEALED = b"\x17\x03\x03\x00\x20" + b"z" * 32


def proof(data, *, began):
    return proofs_of(Opening((data, b""), (began, began), None))[0]


@pytest.mark.parametrize(("data", "began", "expected"), [
    (b"", True, Proof.SHORT), (b"", False, Proof.SHORT), (b"\x16", True, Proof.SHORT), (b"\x16\x04", True, Proof.NEVER),
    (CLIENT, True, Proof.CLIENT), (CLIENT, False, Proof.CLIENT), (CLIENT[:60], True, Proof.HINT),
    (SERVER, True, Proof.SERVER), (SERVER, False, Proof.SERVER),
    (SEALED, True, Proof.NEVER), (SEALED, False, Proof.HINT), (SEALED * 2, False, Proof.SEALED),
    (b"body" + SEALED * 2, False, Proof.SEALED), (b"body" + SEALED * 2, True, Proof.NEVER),
    (b"plain text", False, Proof.NOTHING), (b"plain text", True, Proof.NEVER),
    (bytes.fromhex("15030300020228"), True, Proof.HINT), (b"\xff" * 40, False, Proof.NOTHING),
], ids=lambda value: value.name if isinstance(value, Proof) else "")
def test_proofs(data, began, expected):
    assert proof(data, began=began) is expected


def test_after_a_hole_any_message_in_the_clear_will_do():
    done = bytes.fromhex("16030300040e000000")
    assert may_be_clear(done, lossy=True)
    assert not may_be_clear(done, lossy=False)
    assert not may_be_clear(b"\x16\x03\x03\x00\x28" + b"\x0b" * 40, lossy=True)  # a Finished, sealed


def test_random_openings_are_not_claimed():
    source = random.Random(3)
    for _ in range(20_000):
        data = source.randbytes(64)
        assert proof(data, began=True) in (Proof.NEVER, Proof.SHORT)
        assert proof(data, began=False) in (Proof.NOTHING, Proof.SHORT)
