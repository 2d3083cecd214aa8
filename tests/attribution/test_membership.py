from .made_facts import C1, CLEAR, S1, S2, S3, SEALED, Made, of


def test_plaintext_gossip_that_names_members():
    made = Made()
    key = made.gossip(S1, S2, plain=(2, 0))
    made.member(key, "s1", S1, role="consul").member(key, "s3", S3, role="consul")
    found = of(made.attributed(), "members", "named")
    assert [(one.source, one.destination, one.tally.count, one.summary) for one in found] == [
        (S1, S2, 2, "plaintext gossip names s1, s3")]
    assert of(made.attributed(), "members", "inferred") == []


def test_a_pool_that_is_half_sealed_is_both_named_and_inferred():
    made = Made()
    key = made.gossip(S1, S2, plain=(2, 0), sealed=(0, 2))
    made.member(key, "s1", S1, role="consul")
    assert {one.kind for one in of(made.attributed(), "members")} == {"named", "inferred", "member"}


def test_pings_name_members_too():
    made = Made()
    made.say(made.gossip(S1, S2, plain=(2, 0)), "memberlist", "ping")
    assert len(of(made.attributed(), "members", "named")) == 1


def test_of_sealed_gossip_the_members_are_inferred_once_a_pool():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    made.gossip(S1, C1, sealed=(2, 2))
    found = of(made.attributed(), "members", "inferred")
    assert [(one.tally.count, one.channel) for one in found] == [(3, "gossip-lan")]
    assert "10.0.0.1, 10.0.0.2, 10.0.0.21" in found[0].summary


def test_what_a_key_opened_names_nobody_in_the_clear():
    made = Made()
    key = made.gossip(S1, S2, sealed=(2, 2))
    made.member(key, "s1", S1, role="consul", acls="0", decrypted=True)
    attributed = made.attributed()
    assert of(attributed, "members", "named") == []
    assert len(of(attributed, "members", "inferred")) == 1
    assert [(one.decrypted, one.protection, one.fields["acls"]) for one in of(attributed, "members", "member")] == [
        (True, SEALED, "0")]


def test_members_by_their_tags():
    made = Made()
    key = made.gossip(S1, S2, plain=(2, 2))
    made.member(key, "s1", S1, role="consul", acls="1", use_tls="1", rpc_port=8300).member(key, "c1", C1)
    made.claim(key, "member", ("c1", ""), state="dead", incarnation=9)
    found = of(made.attributed(), "members", "member")
    assert [(one.source, one.fields["role"], one.fields["acls"], one.fields["use_tls"], one.fields["status"], one.protection)
            for one in found] == [(S1, "server", "1", "1", "alive", CLEAR), (C1, "client", None, None, "dead", CLEAR)]


def test_other_memberlists_disclose_nothing_of_consul():
    made = Made()
    key = made.gossip(S1, S2, 7946, plain=(2, 2))
    made.claim(key, "member", ("n1", S1), state="alive", incarnation=1, port=7946, tags="serf")
    assert of(made.attributed(), "members") == []
