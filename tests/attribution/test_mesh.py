"""Public listeners, services reached beside their sidecar, Envoy's admin interface."""

import pytest

from .made_facts import CLEAR, S1, S2, SEALED, UUID, Made, X, of

SNI = f"web.default.dc1.internal.{UUID}.consul"
C2 = "10.0.0.22"


def with_claim(kind="listener", subject=("", 21000), who="self", **value):
    """Envoy on S1 tells of itself."""
    made = Made()
    key = made.talk(X, S1, 19000)
    made.say(key, "envoy-admin", "response", side=1, admin=True, path="/config_dump")
    made.claim(key, kind, subject, side=1, host=who, service="web", why="envoy-admin", **value)
    return made


def test_the_port_range_alone_makes_no_listener():
    made = Made()
    made.say(made.talk(X, S1, 21000), "http", "request", api="other")
    assert of(made.attributed(), "mesh") == []


def test_plaintext_on_a_listener_that_a_claim_names():
    made = with_claim(role="mesh")
    made.say(made.talk(X, S1, 21000), "http", "request", api="other", probe=False)
    found = of(made.attributed(), "mesh", "listener-plaintext")
    assert [(one.destination, one.port, one.channel, one.owner, one.fields["probe"]) for one in found] == [
        (S1, 21000, "mesh", "consul", False)]


def test_a_mesh_name_in_tls_makes_its_port_a_listener_for_others_too():
    made = Made()
    key = made.talk(C2, S1, 31000)
    made.say(key, "tls", "client-hello", SEALED, sni=SNI, alpn=None, mode=None)
    made.say(made.talk(X, S1, 31000), "http", "request", api="other", probe=True)
    attributed = made.attributed()
    assert [one.fields["identity"] for one in of(attributed, "mesh", "listener-tls")] == ["sni"]
    assert [one.fields["probe"] for one in of(attributed, "mesh", "listener-plaintext")] == [True]


@pytest.mark.parametrize(("subject", "who", "lands"), [
    (("", 5432), "self", S1), (("", 5432), "peer", X), ((C2, 5432), "self", C2), (("127.0.0.1", 5432), "self", S1),
    (("", 5432), None, None)])
def test_whose_port_a_claim_means(subject, who, lands):
    made = with_claim("service", subject, who)
    for host in (S1, X, C2):
        made.talk("10.0.0.50", host, 5432)
    assert [one.destination for one in of(made.attributed(), "mesh", "bypass")] == ([lands] if lands else [])


def test_a_claim_of_an_agent_on_loopback_names_no_host():
    made = Made()
    key = made.talk("127.0.0.1", "127.0.0.1", 8502)
    made.claim(key, "service", ("", 5432), side=1, host="peer", service="web")
    made.talk(X, S1, 5432)
    assert of(made.attributed(), "mesh", "bypass") == []


@pytest.mark.parametrize(("source", "said", "expected"), [
    (X, "http", CLEAR), (X, None, "unknown"), (X, "tls", None), (S1, "http", None)])
def test_another_host_on_a_services_own_port_goes_round_the_mesh(source, said, expected):
    made = with_claim("service", ("", 5432))
    key = made.talk(source, S1, 5432)
    if said:
        made.say(key, said, "request" if said == "http" else "records", CLEAR if said == "http" else SEALED,
                 api="other", probe=False)
    assert [one.protection for one in of(made.attributed(), "mesh", "bypass")] == ([expected] if expected else [])


def test_probes_and_expose_paths_are_marked():
    made = with_claim("service", ("", 8080))
    made.claim(made.talk(X, S1, 19000), "listener", ("", 12000), side=1, host="self", role="expose-path")
    made.claim(made.talk(X, S1, 19000), "service", ("", 12000), side=1, host="self", service="web")
    made.say(made.talk(C2, S1, 8080), "http", "request", api="other", probe=True)
    mixed = made.talk(X, S1, 8080)
    made.say(mixed, "http", "request", api="other", probe=True).say(mixed, "http", "request", api="other", probe=False)
    made.say(made.talk(X, S1, 12000), "http", "request", api="other", probe=False)
    found = {(one.source, one.port): (one.fields["probe"], one.fields["expose_path"])
             for one in of(made.attributed(), "mesh", "bypass")}
    assert found == {(C2, 8080): (True, False), (X, 8080): (False, False), (X, 12000): (False, True)}


def test_a_native_services_listener_is_no_bypass():
    made = with_claim("service", ("", 9000))
    made.claim(made.talk(X, S1, 19000), "listener", ("", 9000), side=1, host="self", role="mesh")
    made.say(made.talk(C2, S1, 9000), "tls", "records", SEALED)
    attributed = made.attributed()
    assert of(attributed, "mesh", "bypass") == []
    assert len(of(attributed, "mesh", "listener-tls")) == 1


def test_tls_in_the_port_range_passes_by_port_beside_a_host_that_speaks_consul():
    made = Made()
    made.tls(C2, S1, 21000)
    assert of(made.attributed(), "mesh") == []
    made.gossip(S1, S2, sealed=(2, 2))
    assert [(one.fields["identity"], one.by) for one in of(made.attributed(), "mesh", "listener-tls")] == [("port", "port")]


@pytest.mark.parametrize(("talk", "result"), [
    ({"payloads": (0, 0), "flags": (2, 20), "packets": (1, 1)}, "refused"),
    ({"payloads": (0, 0), "packets": (3, 0)}, "unanswered"), ({"payloads": (1, 0)}, "unanswered"),
    ({"payloads": (1, 1)}, None)])
def test_calls_of_an_admin_port_that_were_in_vain(talk, result):
    made = Made()
    made.talk(X, S1, 19000, **talk)
    assert [one.fields["result"] for one in of(made.attributed(), "admin", "unanswered")] == ([result] if result else [])


@pytest.mark.parametrize("shaped", [True, False])
def test_only_an_admin_shaped_answer_is_the_admin_interface(shaped):
    made = Made()
    key = made.talk(X, S1, 9901)
    made.say(key, "envoy-admin", "request", path="/stats")
    made.say(key, "envoy-admin", "response", side=1, path="/stats", admin=shaped)
    assert len(of(made.attributed(), "admin", "exposed")) == shaped


def test_an_admin_port_whose_answers_were_not_captured_shows_nothing():
    made = Made()
    made.talk(X, S1, 19000, packets=(2, 0), payloads=(1, 0), flags=(24, 0))
    assert of(made.attributed(), "admin") == []
    made.talk(X, S2, 19000, packets=(2, 0), payloads=(0, 0), flags=(2, 0))  # nobody answered its SYN
    assert [(one.destination, one.fields["result"]) for one in of(made.attributed(), "admin")] == [(S2, "unanswered")]
