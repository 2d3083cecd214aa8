from .made_facts import API, C1, S1, S2, SEALED, Made, X, of


def test_every_consul_interface_is_listed_with_its_peers():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    made.gossip(C1, S1, plain=(2, 2))
    made.rpc(S2, S1)
    made.tls(C1, S1, 8300)
    made.tls(API, S1, 8501)
    made.talk(X, S1, 443)
    made.talk(X, S2, 8500, payloads=(0, 0), flags=(2, 20))
    rows = made.attributed().interfaces
    assert rows == (
        (S1, 8300, "tcp", "rpc", "mixed", 2), (S1, 8301, "udp", "gossip-lan", "mixed", 2),
        (S1, 8501, "tcp", "api", "encrypted", 1), (S2, 8301, "udp", "gossip-lan", "encrypted", 1),
        (C1, 8301, "udp", "gossip-lan", "plaintext", 1))


def test_a_host_that_only_sends_gossip_has_an_interface_who_never_answers_has_none():
    made = Made()
    made.gossip(S1, S2, plain=(3, 0))
    assert [row[:2] for row in made.attributed().interfaces] == [(S1, 8301)]


def test_each_row_is_an_observation_about_its_address():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    assert [(one.destination, one.port, one.protection, one.fields["peers"])
            for one in of(made.attributed(), "ports", "interface")] == [(S2, 8301, SEALED, 1), (S1, 8301, SEALED, 1)]
