import pytest

from consul_sniff.attribution.ports import CHANNELS, DEFAULTS, Named, PortBook, hints
from consul_sniff.attribution.profile import PORT_ROLES, Profile


def test_the_users_word_goes_before_the_traffics_and_that_before_the_default():
    said = {("10.0.0.1", 8500): "rpc", ("10.0.0.1", 9999): "grpc"}
    book = PortBook(Profile.of({"serf-lan": [8500]}), said)
    assert book.named("10.0.0.1", 8500, "udp") == Named("serf-lan", "user")
    assert book.named("10.0.0.1", 9999) == Named("grpc", "said")
    assert book.named("10.0.0.2", 9999) is None
    assert book.named("10.0.0.2", 8300) == Named("rpc", "default")


@pytest.mark.parametrize("role", ["rpc", "http", "grpc", "mesh", "vault", "envoy-admin"])
def test_what_runs_over_tcp_only_names_no_udp_port(role):
    port = min(DEFAULTS[role])
    book = PortBook(Profile(), {})
    assert book.role("10.0.0.1", port) == role
    assert book.role("10.0.0.1", port, "udp") is None


def test_every_role_has_a_channel_and_no_default_port_two_roles():
    assert set(DEFAULTS) == set(CHANNELS)
    assert set(PORT_ROLES) <= set(DEFAULTS)
    assert sum(map(len, DEFAULTS.values())) == len(frozenset().union(*DEFAULTS.values()))


def test_hints_are_the_defaults_and_the_users_ports():
    assert {8300, 8301, 19000, 19099, 21255, 17300} <= hints(Profile.of({"rpc": [17300]}))
    assert 17300 not in hints(Profile())


def test_channels_on_ports_that_nobody_knew_beforehand():
    said = {("10.0.0.1", 8300): "rpc", ("10.0.0.1", 18_300): "rpc", ("10.0.0.1", 9_999): "serf-lan", ("10.0.0.1", 8501): "https"}
    assert PortBook(Profile.of({"serf-lan": [9_999]}), said).elsewhere == {"rpc"}
