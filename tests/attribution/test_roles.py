import pytest

from .made_facts import C1, S1, S2, S3, SEALED, Made, X, node, of


def test_who_both_answers_and_calls_is_a_server():
    made = Made()
    made.tls(S1, S2, 8300)
    made.tls(S2, S1, 8300)
    made.tls(C1, S1, 8300)
    attributed = made.attributed()
    assert [(one.address, one.role) for one in attributed.nodes] == [(S1, "server"), (S2, "server"), (C1, "unknown")]
    assert {one.fields["between"] for one in of(attributed, "tls", source=C1)} == {"unknown"}
    assert {one.fields["between"] for one in of(attributed, "tls", source=S1)} == {"servers"}


def test_tags_say_it_and_a_clients_tag_holds_against_a_guess():
    made = Made()
    gossip = made.gossip(S1, C1, plain=(1, 1))
    made.member(gossip, "s1", S1, role="consul")
    made.member(gossip, "c1", C1)
    made.tls(C1, S1, 8300)
    made.tls(S1, C1, 8300)  # somebody forged this, or it is an odd proxy
    attributed = made.attributed()
    assert (node(attributed, S1).role, node(attributed, C1).role) == ("server", "client")
    assert {one.fields["between"] for one in of(attributed, "tls", source=C1)} == {"client"}


@pytest.mark.parametrize(("alert", "records", "calls"), [(True, False, False), (True, True, True), (False, False, True)])
def test_a_handshake_that_was_refused_is_a_knock_and_no_call(alert, records, calls):
    made = Made()
    key = made.talk(X, S1, 8300)
    made.say(key, "tls", "client-hello", SEALED, mode="3", sni=None, alpn=None)
    made.say(key, "tls", "server-hello", SEALED, side=1, mode="3", version="TLS 1.2", suite="x", resumed=False)
    if alert:
        made.say(key, "tls", "alert", SEALED, side=1, level="fatal", description="handshake_failure")
    if records:
        made.say(key, "tls", "records", SEALED, side=1, mode="3")
    attributed = made.attributed()
    assert node(attributed, S1) is not None
    assert (node(attributed, X) is not None) is calls


def test_a_call_that_nobody_answered_makes_no_node():
    made = Made()
    made.talk(X, S1, 8300, payloads=(0, 0), packets=(3, 0))
    assert made.attributed().nodes == []


def test_loopback_and_self_calls_make_no_server():
    made = Made()
    made.rpc("127.0.0.1", "127.0.0.1")
    made.rpc(S3, S3)
    attributed = made.attributed()
    assert [(one.address, one.role) for one in attributed.nodes] == [(S3, "unknown")]


def test_a_mesh_gateway_that_passes_rpc_on_is_no_server():
    made = Made()
    made.tls(X, S1, 8300, mode="3")  # the gateway's own agent
    through = made.talk(S1, X, 8443)
    made.say(through, "tls", "client-hello", SEALED, mode=None, sni="s2.server.dc2.consul", alpn="consul/rpc-multi")
    made.say(through, "tls", "server-hello", SEALED, side=1, mode=None, version="TLS 1.3", suite="x", resumed=False)
    made.say(through, "tls", "records", SEALED, side=1, mode=None)
    attributed = made.attributed()
    assert (node(attributed, S1).role, node(attributed, X).role) == ("server", "unknown")
    assert [one.channel for one in attributed.conversations if one.port == 8443] == ["rpc"]
