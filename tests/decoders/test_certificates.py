from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consul_sniff.decoders import certificates
from consul_sniff.decoders.certificates import Leaf, leaf
from consul_sniff.errors import Interrupted

from . import tls_lab

DER = tls_lab.certificate()[0]


def test_a_leaf():
    assert leaf(DER) == Leaf(
        "sha256:" + hashlib.sha256(DER).hexdigest()[:16],
        (tls_lab.SPIFFE, "server.dc1.consul", "localhost", "127.0.0.1"),
        "CN=server.dc1.consul",
        int(tls_lab.NOT_BEFORE.timestamp()) * 10**9,
        int(tls_lab.NOT_AFTER.timestamp()) * 10**9,
        tls_lab.SPIFFE,
    )


def test_a_broken_leaf_keeps_its_fingerprint():
    for broken in (b"", b"\x30\x03abc", DER[:-40], DER + b"\0"):
        assert leaf(broken) == Leaf("sha256:" + hashlib.sha256(broken).hexdigest()[:16], broken=True)


@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_damaged_leaf_never_raises(changes):
    damaged = bytearray(DER)
    for at, byte in changes:
        damaged[at] = byte
    found = leaf(bytes(damaged))
    assert found.fingerprint.startswith("sha256:")
    assert found.broken or found.not_before is not None


def test_a_comma_inside_a_name_makes_no_second_name():
    forged = DER.replace(b"localhost", b"a,consul.")
    assert forged != DER
    assert "a\\u{2c}consul." in leaf(forged).names


def test_cryptography_is_imported_only_for_a_certificate():
    code = ("import sys; from consul_sniff.decoders import tls, certificates\n"
            "assert not any(name.split('.')[0] == 'cryptography' for name in sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_stop_while_a_leaf_is_read_does_not_break_it(monkeypatch):
    def stopped(*_args):
        raise Interrupted

    der = b"0\x00 read by nobody else"
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "_read", stopped)
        with pytest.raises(Interrupted):
            leaf(der)
    assert leaf(der).broken
