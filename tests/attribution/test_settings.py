import pytest

from .made_facts import API, C1, S1, S2, Made, of


def api(made, source=API, **fields):
    key = made.talk(source, S1, 8500)
    made.say(key, "http", "response", side=1, **{"api": "consul", "status": 200, "route": "/v1/kv/*", **fields})
    return key


def defaults(made):
    return [(one.fields["policy"], one.fields["wildcard_deny"], one.fields["known"])
            for one in of(made.attributed(), "intentions", "default")]


def test_default_allow_is_known_only_once_the_intentions_were_read():
    made = Made()
    api(made, acl_policy="allow")
    assert defaults(made) == [("allow", False, False)]
    key = api(made, acl_policy="allow", intentions=None)
    made.claim(key, "intention", ("web", "db"), side=1, action="deny")  # one was written: that shows no default
    assert defaults(made) == [("allow", False, False)]
    api(made, acl_policy="allow", intentions="no-wildcard-deny")
    assert defaults(made) == [("allow", False, True)]


def test_a_wildcard_deny_is_seen_among_the_intentions():
    made = Made()
    key = api(made, acl_policy="allow", intentions="no-wildcard-deny")
    assert defaults(made) == [("allow", False, True)]
    made.claim(key, "intention", ("*", "*"), side=1, action="deny")
    assert set(defaults(made)) == {(None, True, True), ("allow", True, True)}


def test_the_list_itself_tells_of_a_wildcard_deny():
    made = Made()
    api(made, acl_policy="allow", intentions="wildcard-deny")
    assert set(defaults(made)) == {(None, True, True), ("allow", True, True)}


def test_an_agents_own_intention_policy_goes_before_the_acl_policy():
    made = Made()
    key = api(made, acl_policy="allow")
    made.claim(key, "agent", ("",), side=1, default_intention_policy="deny")
    assert defaults(made) == [("deny", False, False)]


@pytest.mark.parametrize("source", ["127.0.0.1", S1])
def test_loopback_tells_nothing_of_intentions(source):
    made = Made()
    key = api(made, source=S1, acl_policy="allow") if source == S1 else made.talk(source, source, 8500)
    made.say(key, "http", "response", side=1, api="consul", acl_policy="allow")
    assert defaults(made) == []


@pytest.mark.parametrize(("protocol", "kind", "fields", "via"), [
    ("raft", "remote-exec", {"via": "kv"}, "kv"), ("consul-rpc", "remote-exec", {"via": "session"}, "session"),
    ("http", "remote-exec", {"via": "event", "api": "consul"}, "event"),
    ("memberlist", "user-event", {"name": "consul:event:_rexec", "remote_exec": True}, "event")])
def test_remote_execution_by_any_way(protocol, kind, fields, via):
    made = Made()
    key = made.gossip(S1, S2, plain=(1, 1)) if protocol == "memberlist" else made.talk(C1, S1, 8300)
    made.say(key, protocol, kind, **fields)
    assert [(one.fields["via"], one.owner) for one in of(made.attributed(), "remote-exec", "used")] == [(via, "consul")]


def test_other_events_are_no_remote_execution():
    made = Made()
    made.say(made.gossip(S1, S2, plain=(1, 1)), "memberlist", "user-event", name="consul:new-leader", remote_exec=False)
    assert of(made.attributed(), "remote-exec") == []


@pytest.mark.parametrize(("value", "expected"), [(True, [True]), (False, [False]), (None, [])])
def test_an_agents_setting(value, expected):
    made = Made()
    made.say(made.talk(API, S1, 8500), "http", "agent-self", side=1, api="consul", disable_remote_exec=value)
    assert [one.fields["disabled"] for one in of(made.attributed(), "remote-exec", "setting")] == expected
