import pytest

from consul_sniff.cli.options import nanoseconds
from consul_sniff.errors import UsageError


@pytest.mark.parametrize(("text", "expected"), [
    ("1700000000", 1_700_000_000 * 10**9),
    ("1700000000.5", 1_700_000_000_500_000_000),
    ("2023-11-14T22:13:20Z", 1_700_000_000 * 10**9),
    ("2023-11-14T23:13:20+01:00", 1_700_000_000 * 10**9),
    ("2023-11-14T22:13:20.000001", 1_700_000_000_000_001_000),
    (None, None),
])
def test_times(text, expected):
    assert nanoseconds("--since", text) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2023-13-01", "inf", "nan"])
def test_what_is_no_time_is_refused_with_the_option(text):
    with pytest.raises(UsageError, match="--since"):
        nanoseconds("--since", text)
