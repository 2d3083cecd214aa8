from consul_sniff.attribution.profile import Profile


def test_a_profile_is_made_from_what_the_command_line_has():
    profile = Profile.of({"rpc": [17300, 8300], "dns": [53]}, "Consul.Example.", ["sha256:aabbccdd"])
    assert profile.ports == {("rpc", 17300), ("rpc", 8300), ("dns", 53)}
    assert profile.domain == "consul.example"
    assert profile.keys == {"sha256:aabbccdd"}


def test_profiles_compare_by_value():
    assert Profile.of({"rpc": [1]}) == Profile.of({"rpc": {1}})
    assert Profile() == Profile.of({})
