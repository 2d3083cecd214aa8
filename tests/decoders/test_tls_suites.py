from __future__ import annotations

import ssl

import pytest

from consul_sniff.decoders.tls_suites import suite_name


@pytest.mark.parametrize(("number", "name"), [
    (0x0000, "TLS_NULL_WITH_NULL_NULL"), (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"), (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"), (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"), (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xABCD, "0xABCD"), (0x00FE, "0x00FE"),
])
def test_names(number, name):
    assert suite_name(number) == name


def test_everything_that_openssl_speaks_has_a_name():
    context = ssl.create_default_context()
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    ciphers = context.get_ciphers()
    assert len(ciphers) > 50
    assert all(suite_name(cipher["id"] & 0xFFFF).startswith("TLS_") for cipher in ciphers)
