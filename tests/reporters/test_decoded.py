import json

from consul_sniff.model import Flow, Message, Protection, Secret
from consul_sniff.reporters.decoded import line, row

FLOW = Flow(1, 1, "tcp", ("10.0.0.1", "fd00::2"), (40000, 8300))
SAID = Message("consul-rpc", "request", Protection.PLAINTEXT, "KVS.Apply \x1b[2J", (("method", "KVS.Apply"),),
               {"seq": 7, "odd": float("nan"), "raw": b"\xff", "deep": [{"k": 1.5}]},
               secrets=(Secret("acl-token", "sha256:01234567", "RPC body", "", 36),))


def test_a_line_names_the_sockets_and_escapes():
    text = line(FLOW, 1, 1_700_000_000_123_456_789, 12, SAID, several=True)
    assert "2:12" in text
    assert "22:13:20.123456" in text
    assert "[fd00::2]:8300 > 10.0.0.1:40000" in text
    assert "\\u{1b}[2J" in text
    assert "\x1b" not in text


def test_a_row_is_strict_json():
    made = json.loads(row(FLOW, 0, 0, 3, SAID), parse_constant=lambda word: (_ for _ in ()).throw(ValueError(word)))
    assert made["detail"] == {"seq": 7, "odd": None, "raw": "\\u{ff}", "deep": [{"k": 1.5}]}
    assert made["time"] is None
    assert made["secrets"] == [{"kind": "acl-token", "fingerprint": "sha256:01234567", "where": "RPC body", "path": ""}]
