"""Services and intentions: what the catalog claims about the mesh."""

import pytest

from consul_sniff.decoders.content import Scanner
from consul_sniff.decoders.services import intention, mesh_claims
from consul_sniff.model import Claim

from .rpc_bytes import SIDECAR, pack

LISTENER = Claim("listener", ("10.77.0.21", 21000), (("role", "mesh"), ("service", "db"), ("why", "catalog")))
SERVICE = Claim("service", ("10.77.0.21", 5432), (("service", "db"), ("why", "catalog")))


def scan(data, step=0):
    scanner = Scanner("RPC body")
    step = step or len(data)
    hits = [hit for start in range(0, len(data), step) for hit in scanner.feed(data[start:start + step])]
    return [hit for hit in hits + scanner.flush() if isinstance(hit, Claim)]


@pytest.mark.parametrize("step", [0, 1, 13, 100])
def test_a_sidecar_as_a_real_agent_registers_it(step):
    assert scan(SIDECAR, step) == [LISTENER, SERVICE]


PROXY = {"DestinationServiceName": "db", "LocalServiceAddress": "127.0.0.1", "LocalServicePort": 5432}


def test_a_sidecar_in_source_order():
    service = {"Kind": "connect-proxy", "ID": "p", "Service": "db-sidecar-proxy", "Tags": None, "Address": "10.77.0.21", "Meta": {},
               "Port": 21000, "Weights": {"Passing": 1}, "Proxy": PROXY, "Connect": {"Native": False}}
    assert scan(pack({"Node": {"ID": "x", "Node": "c1", "Address": "10.0.0.1"}, "Service": service})) == [LISTENER, SERVICE]


def test_a_sidecar_in_the_answer_of_catalog_service_nodes():
    node = {"Address": "10.77.0.21", "CreateIndex": 1, "ServiceAddress": "", "ServiceKind": "connect-proxy", "ServiceMeta": {},
            "ServiceName": "db-sidecar-proxy", "ServicePort": 21000, "ServiceProxy": PROXY, "ServiceTags": None}
    assert scan(pack({"ServiceNodes": [node]})) == [LISTENER, SERVICE]


def test_a_native_service_listens_with_mutual_tls_itself():
    service = {"Address": "10.0.0.5", "Connect": {"Native": True}, "ID": "w", "Kind": "", "Port": 9000, "Proxy": {}, "Service": "web"}
    assert scan(pack(service)) == [Claim("listener", ("10.0.0.5", 9000), (("role", "mesh"), ("service", "web"), ("why", "catalog")))]


def test_an_ordinary_service_claims_nothing():
    service = {"Address": "", "Connect": {"Native": False}, "ID": "w", "Kind": "", "Port": 9000, "Proxy": {}, "Service": "web"}
    assert scan(pack(service)) == []


@pytest.mark.parametrize("service", [
    {b"Kind": b"connect-proxy"}, {b"Kind": b"connect-proxy", b"Port": True, b"Proxy": [1]},
    {b"Kind": b"connect-proxy", b"Port": 70_000, b"Proxy": {b"LocalServicePort": -1}, b"Address": 7},
    {b"Connect": {b"Native": 1}, b"Port": 5}, {},
])
def test_broken_maps_claim_nothing(service):
    assert mesh_claims(service, b"") == []


def test_a_service_elsewhere_than_on_loopback_is_claimed_there_and_names_are_printable():
    proxy = {b"DestinationServiceName": b"d\x1bb", b"LocalServiceAddress": b"10.9.9.9", b"LocalServicePort": 1}
    service = mesh_claims({b"Kind": b"connect-proxy", b"Port": 2, b"Proxy": proxy}, b"")[1]
    assert service.subject == ("10.9.9.9", 1)
    assert dict(service.value)["service"] == "d\\u{1b}b"


def test_intentions_of_both_forms():
    sorted_ = {"Action": "deny", "DestinationName": "*", "DestinationNS": "default", "ID": "x", "SourceName": "*"}
    in_order = {"ID": "x", "SourceNS": "default", "SourceName": "web", "DestinationNS": "default", "DestinationName": "db", "Action": "allow"}
    assert scan(pack({"Intentions": [sorted_]})) == [Claim("intention", ("*", "*"), (("action", "deny"),))]
    assert scan(pack({"Intentions": [in_order]})) == [Claim("intention", ("web", "db"), (("action", "allow"),))]


def test_intentions_of_a_config_entry_name_their_destination_outside():
    entry = {"Kind": "service-intentions", "Meta": None, "Name": "db", "Sources": [
        {"Action": "deny", "Description": "", "Name": "*", "Precedence": 8}, {"Action": "allow", "Name": "web"}]}
    assert scan(pack(entry)) == [Claim("intention", ("*", "db"), (("action", "deny"),)), Claim("intention", ("web", "db"), (("action", "allow"),))]


def test_other_actions_are_no_intentions():
    assert scan(pack({"Action": "drop", "DestinationName": "a", "SourceName": "b"})) == []
    assert intention({b"Action": b"allow", b"Name": b"web"}, b"") is None
