from .made_facts import API, S1, Made, X, of


def test_the_same_secret_of_the_same_hosts_is_one_row_and_every_place_one_observation():
    made = Made()
    for port in (8500, 8501):
        made.expose(made.talk(API, S1, port))
    made.expose(made.talk(API, S1, 8502), where="gRPC metadata x-consul-token")
    attributed = made.attributed()
    assert [(one.where, one.count, one.source, one.destination) for one in attributed.exposures] == [
        ("HTTP header X-Consul-Token", 2, API, S1), ("gRPC metadata x-consul-token", 1, API, S1)]
    assert [(one.kind, one.port, one.fields["where"]) for one in of(attributed, "exposure")] == [
        ("acl-token", 8500, "HTTP header X-Consul-Token"), ("acl-token", 8501, "HTTP header X-Consul-Token"),
        ("acl-token", 8502, "gRPC metadata x-consul-token")]


def test_what_stays_on_a_host_is_no_exposure():
    made = Made()
    made.expose(made.talk("127.0.0.1", "127.0.0.1", 8500))
    made.expose(made.talk(S1, S1, 8500))
    attributed = made.attributed()
    assert attributed.exposures == []
    assert [one.loopback for one in of(attributed, "exposure")] == [True, True]


def test_a_foreign_vaults_token_is_a_row_and_its_observation_is_not_consuls():
    made = Made()
    key = made.talk(X, S1, 8200)
    made.say(key, "vault", "request").expose(key, "vault-token", where="HTTP header X-Vault-Token", path="/v1/sys/health")
    attributed = made.attributed()
    assert [one.kind for one in attributed.exposures] == ["vault-token"]
    assert [one.owner for one in of(attributed, "exposure")] == ["other"]


def test_a_secret_inside_raft_is_on_the_raft_channel():
    made = Made()
    key = made.talk(X, S1, 8300)
    made.say(key, "raft", "append-entries").expose(key, "private-key", where="Raft log", path="")
    assert [(one.channel, one.owner) for one in of(made.attributed(), "exposure")] == [("raft", "consul")]


def test_rows_come_in_order():
    made = Made()
    for number, kind in enumerate(("secret-id", "acl-token", "kv-value")):
        made.expose(made.talk(API, f"10.0.0.{30 - number}", 8500), kind, None if kind == "kv-value" else "sha256:1")
    assert [one.kind for one in made.attributed().exposures] == ["acl-token", "kv-value", "secret-id"]


def test_a_key_in_gossip_is_exposed_by_who_sent_it():
    made = Made()
    key = made.gossip(X, S1, plain=(2, 2))
    made.member(key, "s1", S1, role="consul")
    made.say(key, "memberlist", "key-request", side=1).expose(key, "gossip-key", where="gossip query", path="", side=1)
    made.expose(key, "gossip-key", "sha256:1", where="gossip answer", path="", side=0)
    attributed = made.attributed()
    assert [(one.source, one.destination) for one in attributed.exposures] == [(S1, X), (X, S1)]
    assert {(one.fields["where"], one.source, one.destination) for one in of(attributed, "exposure")} == {
        ("gossip query", S1, X), ("gossip answer", X, S1)}


def test_a_secret_in_an_answer_stays_with_the_conversation():
    made = Made()
    made.expose(made.talk(API, S1, 8500), "secret-id", side=1)
    attributed = made.attributed()
    assert [(one.source, one.destination) for one in attributed.exposures] == [(API, S1)]
    assert [(one.source, one.destination) for one in of(attributed, "exposure")] == [(API, S1)]
