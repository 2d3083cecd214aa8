from .made_facts import C1, CLEAR, S1, S2, S3, SEALED, Made, of


def links(made):
    return [(one.source, one.destination, one.protection, one.fields["all_tls"])
            for one in of(made.attributed(), "roles", "rpc-between-servers")]


def servers():
    made = Made()
    made.tls(S1, S2, 8300)
    made.tls(S2, S1, 8300)
    return made


def test_tls_between_servers_also_beside_plaintext_of_a_client():
    made = servers()
    made.rpc(C1, S1)
    assert links(made) == [(S1, S2, SEALED, True), (S2, S1, SEALED, True)]


def test_one_link_in_plaintext_spoils_all():
    made = servers()
    made.rpc(S1, S3)
    made.rpc(S3, S1)
    assert {link[3] for link in links(made)} == {False}
    assert (S1, S3, CLEAR, False) in links(made)


def test_bytes_nobody_could_read_are_not_tls():
    made = servers()
    made.talk(S3, S1, 8300)
    made.talk(S1, S3, 8300)
    assert {link[3] for link in links(made)} == {False}


def test_a_clients_view_shows_no_link_between_servers():
    made = Made()
    for server in (S1, S2, S3):
        made.tls(C1, server, 8300)
    assert links(made) == []
