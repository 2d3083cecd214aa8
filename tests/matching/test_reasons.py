import pytest

from consul_sniff.matching.reasons import check, counted, fill, listed, natural, socket

from .made_rules import observation, tally


def test_a_reason_has_names_and_numbers():
    seen = [observation(source=f"10.0.0.{n}", tally=tally(count=500)) for n in (10, 9, 1)]
    names = {"10.0.0.1": "s1", "10.0.0.9": "c9", "10.0.0.10": "c10", "10.0.0.2": "s2"}
    said = fill("{source_count} of {nodes:node} send {messages:datagram}: {sources}", seen, names)
    assert said == "3 of 4 nodes send 1,500 datagrams: c9, c10, s1"


def test_examples_are_addresses_in_order_and_few():
    seen = [observation(source=f"10.0.0.{n}", destination="fd77::1", port=8500) for n in (30, 4, 200, 4)]
    assert fill("{examples}", seen, {}) == "10.0.0.4 -> [fd77::1]:8500, 10.0.0.30 -> [fd77::1]:8500 and 1 more"


@pytest.mark.parametrize(("place", "said"), [
    ("{conversations:query/queries}", "1 query"),
    ("{conversations}", "1"),
    ("{responders}", "s2"),
    ("{responder_count:server}", "1 server"),
    ("{by_port}", " (by port)"),
    ("{fields.version}", "TLS 1.0, TLS 1.1"),
])
def test_places(place, said):
    seen = [observation(by="port", fields={"version": v}) for v in ("TLS 1.1", "TLS 1.0", "TLS 1.1")]
    assert fill(place, seen, {"10.0.0.2": "s2"}) == said


def test_by_port_is_silent_where_content_tells():
    assert fill("x{by_port}", [observation(by="port"), observation()], {}) == "x"


@pytest.mark.parametrize(("template", "wrong"), [
    ("", ""), ("{examples} of {nodes:node}", ""), ("{fields.x}", ""), ("plain", ""),
    ("{x.__class__}", '"{x.__class__}" is no placeholder'), ("{}", '"{}" is no placeholder'), ("a } b", "a brace stands alone"),
])
def test_templates_are_checked(template, wrong):
    assert check(template).startswith(wrong)
    assert bool(check(template)) == bool(wrong)


def test_numbers_lists_and_sockets():
    assert [counted(1, "node"), counted(2, "node"), counted(0, "node"), counted(12345)] == ["1 node", "2 nodes", "0 nodes", "12,345"]
    assert listed(["b", "a", "c"], 2) == "a, b and 1 more"
    assert [socket("::1", 1), socket("1.2.3.4", 5)] == ["[::1]:1", "1.2.3.4:5"]


def test_order_is_natural():
    texts = ["fd77::2", "10.0.0.10", "10.0.0.9", "c10", "c9", "x", "10.0.0.9 -> b", "²"]
    assert sorted(texts, key=natural) == ["c9", "c10", "x", "²", "10.0.0.9", "10.0.0.9 -> b", "10.0.0.10", "fd77::2"]
