"""How claims are written."""

import pytest

from consul_sniff.decoders.claims import address_of, intention, listener, service


@pytest.mark.parametrize(("raw", "address"), [
    (b"10.77.0.21", "10.77.0.21"), ("10.77.0.21", "10.77.0.21"), (b"0.0.0.0", ""), (b"127.0.0.1", ""), (b"127.0.0.53", ""),
    (b"::", ""), (b"[::1]", ""), (b"[fd77::0021]", "fd77::21"), (b"host.example", ""), (b"", ""), (b"\xff", ""),
])
def test_addresses(raw, address):
    assert address_of(raw) == address


@pytest.mark.parametrize("port", [0, -1, 65_536, "80", True, None, 80.0])
def test_what_is_no_port_makes_no_claim(port):
    assert listener("", port, "mesh", "db", "xds", "peer") is None
    assert service("", port, "db", "xds", "peer") is None


def test_equal_facts_are_equal_and_names_are_printable():
    made = listener("10.0.0.1", 21000, "mesh", "d\x1bb", "xds", "peer")
    assert made == listener("10.0.0.1", 21000, "mesh", "d\x1bb", "xds", "peer")
    assert made.value == (("host", "peer"), ("role", "mesh"), ("service", "d\\u{1b}b"), ("why", "xds"))
    assert intention("web" * 99, "*", "deny").subject[0] == ("web" * 99)[:127] + "…"
