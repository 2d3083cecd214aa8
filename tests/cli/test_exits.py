from consul_sniff.cli.exits import EXIT_CODES, Exit
from consul_sniff.reporters.schema import schema


def test_the_schema_has_the_same_codes():
    assert schema()["properties"]["exit"]["properties"]["code"]["enum"] == list(EXIT_CODES)


def test_an_exit_carries_its_code():
    assert Exit(4).code == 4
