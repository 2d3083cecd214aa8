"""The words of TLS messages."""

from __future__ import annotations

from consul_sniff.decoders import tls_words
from consul_sniff.decoders.tls import Tls


def test_every_kind_has_the_fields_that_signatures_may_name():
    made = [tls_words.client_hello(None, 0x0303, b"A.Example.", (b"h2",)), tls_words.server_hello("3", 0x0304, 0x1301, resumed=False),
            tls_words.certificate(None, b""), tls_words.certificate_request(None), tls_words.records("3"),
            tls_words.flight(None, 0x0303, resumed=False, requested=True)]
    for message in made:
        names = [name for name, _ in message.fields]
        assert names == sorted(names)
        assert tuple(names) == tuple(sorted(Tls.kinds[message.kind]))


def test_a_host_name_is_told_in_lower_case_without_its_last_dot():
    assert dict(tls_words.client_hello(None, 0x0303, b"A.Example.", ()).fields)["sni"] == "a.example"
    assert tls_words.client_hello(None, 0x0304, None, ()).summary == "ClientHello up to TLS 1.3"
