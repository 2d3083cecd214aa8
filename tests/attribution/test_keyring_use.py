from .made_facts import S1, S2, SEALED, Made, of

A, B = "sha256:aaaaaaaa", "sha256:bbbbbbbb"


def sealed(made, *said, port=8301):
    key = made.gossip(S1, S2, port, sealed=(5, 5))
    for side, fingerprint in said:
        made.say(key, "memberlist", "sealed", SEALED, side=side, version=1, key=fingerprint)


def keys(made, **profile):
    return [(one.kind, one.source, one.fields.get("key"), one.fields.get("keys"))
            for one in of(made.attributed(**profile), "keyring")]


def test_one_key_everywhere():
    made = Made()
    sealed(made, (0, A), (1, A))
    assert keys(made, keys=[A]) == [("key", S1, A, 1), ("key", S2, A, 1)]


def test_two_keys_in_one_pool():
    made = Made()
    sealed(made, (0, A), (1, B))
    assert keys(made, keys=[A, B]) == [("key", S1, A, 2), ("key", S2, B, 2)]


def test_a_key_of_the_keyring_that_nobody_uses():
    made = Made()
    sealed(made, (0, A), (1, A))
    assert ("unused", S1, B, None) in keys(made, keys=[A, B])


def test_a_key_that_another_pool_uses_is_used():
    made = Made()
    sealed(made, (0, A), (1, A))
    sealed(made, (0, B), (1, B), port=8302)
    assert "unused" not in [kind for kind, *_ in keys(made, keys=[A, B])]


def test_what_no_key_opens_is_told_only_with_a_keyring():
    made = Made()
    sealed(made, (0, None), (1, None))
    assert keys(made) == []
    assert sorted(kind for kind, *_ in keys(made, keys=[A])) == ["unopened", "unused"]


def test_without_sealed_gossip_a_keyring_says_nothing():
    made = Made()
    made.gossip(S1, S2, plain=(5, 5))
    assert keys(made, keys=[A]) == []
