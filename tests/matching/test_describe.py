import pytest

from consul_sniff.errors import UsageError
from consul_sniff.matching.describe import page, rows, run_tests, untested
from consul_sniff.matching.loader import load
from consul_sniff.matching.schema import Condition
from consul_sniff.model import Protection

from .made_rules import attributed, observation, signature


def test_rows_follow_the_checklist():
    rules = load()
    order = [c.id for c in rules.controls]
    listed = rows(rules)
    assert len(listed) == len(rules.signatures)
    assert [order.index(row.control) for row in listed] == sorted(order.index(row.control) for row in listed)


def test_the_page_of_a_signature_has_all_a_person_needs():
    found = page(load(), "gossip-plaintext-lan")
    assert dict(found.facts)["control"] == "gossip-encryption"
    assert [name for name, _ in found.sections] == ["What it means", "What to do"]
    lists = dict(found.lists)
    words = "protocol is memberlist, kind is gossip, protection is plaintext, channel is gossip-lan, owner is consul, loopback is no"
    assert lists["Matches"] == (words,)
    assert {"References", "Fires on", "Silent on", "May be wrong when"} <= set(lists)


def test_the_page_of_a_control_names_its_votes():
    found = page(load(), "tls-client-auth")
    assert dict(found.lists)["Votes warn"] == ("tls-client-certificate-not-requested: A server asks for no client certificate",)
    assert "Votes fail" not in dict(found.lists)
    assert "verify_incoming" in dict(found.sections)["What to set"]


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(UsageError, match='"rpc-tsl" is no signature and no control; did you mean rpc-tls'):
        page(load(), "rpc-tsl")
    with pytest.raises(UsageError, match="signatures list"):
        page(load(), "zzzzzzzz")


def test_a_signatures_own_tests(tmp_path):
    for name in ("plain.pcap", "sealed.pcap"):
        (tmp_path / name).write_bytes(b"")
    seen = {"plain.pcap": [observation(summary="a ping"), observation(source="10.0.0.9")],
            "sealed.pcap": [observation(protection=Protection.ENCRYPTED)]}
    rule = signature(fires_on=("plain.pcap", "sealed.pcap", "gone.pcap"), silent_on=("sealed.pcap", "plain.pcap"),
                     match=((Condition("protection", "exact", ("plaintext",)),),))
    tried = run_tests(rule, lambda path: attributed(*seen[path.name]), tmp_path)
    assert [(t.capture, t.expected, t.passed, t.said) for t in tried] == [
        ("plain.pcap", "fires", True, "a ping (and 1 more)"),
        ("sealed.pcap", "fires", False, "nothing matched"),
        ("gone.pcap", "fires", False, "the capture is not there"),
        ("sealed.pcap", "silent", True, "nothing matched"),
        ("plain.pcap", "silent", False, "a ping (and 1 more)"),
    ]


def test_what_no_capture_shows_is_listed():
    assert untested([signature(), signature("x", untested="none shows it")]) == [("x", "none shows it")]
