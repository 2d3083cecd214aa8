from pathlib import Path

import jsonschema
import pytest

from consul_sniff.reporters.json_v1 import document
from consul_sniff.reporters.schema import schema

PCAPS = Path(__file__).parent.parent.parent / "pcaps"


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("capture", sorted(PCAPS.rglob("*.pcap")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_report_follows_it(capture, report_of):
    made = document(report_of(str(capture.relative_to(PCAPS))), "1")
    jsonschema.Draft202012Validator(schema()).validate(made)


@pytest.mark.parametrize("key", ["schema", "input", "counters", "complete", "controls", "findings", "nodes", "conversations",
                                 "exposures", "exit"])
def test_a_missing_key_is_refused(key, report_of):
    made = document(report_of("lab/rollout-c1.pcap"), "1")
    del made[key]
    assert not jsonschema.Draft202012Validator(schema()).is_valid(made)


def test_a_word_that_is_no_status_is_refused(report_of):
    made = document(report_of("lab/rollout-c1.pcap"), "1")
    made["controls"][0]["status"] = "ok"
    assert not jsonschema.Draft202012Validator(schema()).is_valid(made)
