import json

import pytest

PLAIN = "pcaps/lab/plain-c1.pcap"


def test_a_line_a_message(run):
    lines = run("decode", PLAIN).stdout.decode().splitlines()
    assert lines[0].split()[:2] == ["frame", "time"]
    assert any("10.77.0.21:8301 > 10.77.0.11:8301" in line and "memberlist" in line and "ping to s1" in line for line in lines)
    assert any("consul-rpc" in line and "Catalog.Register" in line for line in lines)
    assert [int(line.split()[0]) for line in lines[1:]]


def test_json_is_an_object_a_line_with_the_frame(run):
    rows = [json.loads(line) for line in run("decode", PLAIN, "--json").stdout.splitlines()]
    assert {row["protocol"] for row in rows} >= {"memberlist", "consul-rpc", "http"}
    for row in rows:
        assert 1 <= row["frame"] <= 530
        assert row["protection"] in ("plaintext", "encrypted", "unknown")


def test_protocol_and_host_choose(run):
    rows = [json.loads(line) for line in run("decode", PLAIN, "--json", "--protocol", "memberlist,http", "--host", "10.77.0.22").stdout.splitlines()]
    assert rows
    assert {row["protocol"] for row in rows} == {"http"}
    assert all("10.77.0.22" in (row["source"], row["destination"]) for row in rows)


@pytest.mark.parametrize(("words", "said"), [(["--protocol", "http3"], "--protocol"), (["--host", "c1"], "no IP address")])
def test_wrong_words(run, words, said):
    done = run("decode", PLAIN, *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_a_keyring_opens_sealed_gossip(run, tmp_path):
    from .conftest import PCAPS

    keys = tmp_path / "keys"
    keys.write_text((PCAPS / "memberlist/key-rotation.keyring").read_text())
    keys.chmod(0o600)
    sealed = [json.loads(line) for line in run("decode", "pcaps/memberlist/key-rotation.pcap", "--json").stdout.splitlines()]
    opened = [json.loads(line) for line in run("decode", "pcaps/memberlist/key-rotation.pcap", "--json", "--keyring", keys).stdout.splitlines()]
    assert {row["kind"] for row in sealed} == {"sealed"}
    assert {row["kind"] for row in opened} >= {"sealed", "ping", "ack", "push-pull"}
    assert all(row["decrypted"] for row in opened if row["kind"] != "sealed")
    assert len({row["fields"]["key"] for row in opened if row["kind"] == "sealed"}) == 2


def test_no_secret_is_listed(run):
    out = run("decode", PLAIN, "--json").stdout + run("decode", "pcaps/lab/plain-apiclient.pcap", "--json").stdout
    assert b"hunter2" not in out
    assert b"7e3c1b52-0c5e-4d43-9a38-1f3a51cbb6a1" not in out
    assert b"acl-token" in out


def test_a_foreign_file_is_one_line_and_exit_3(run, tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    done = run("decode", "x.txt")
    assert done.returncode == 3
    assert done.stderr.decode().count("\n") == 1
