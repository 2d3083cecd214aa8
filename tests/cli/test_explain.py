import json

import jsonschema
import pytest


@pytest.mark.parametrize("word", ["gossip-encryption", "gossip-plaintext-lan"])
def test_a_control_or_a_signature_says_what_to_do(run, word):
    text = run("explain", word).stdout.decode()
    assert text.startswith(word)
    assert "encrypt_verify_outgoing" in text


def test_an_unknown_id_names_the_nearest(run):
    done = run("explain", "gossip-encription")
    assert done.returncode == 2
    assert "did you mean" in done.stderr.decode()
    assert "gossip-encryption" in done.stderr.decode()


def test_the_schema_holds_a_real_report(run):
    schema = json.loads(run("schema").stdout)
    report = json.loads(run("analyze", "pcaps/lab/rollout-c1.pcap", "--format", "json").stdout)
    jsonschema.Draft202012Validator(schema).validate(report)
