import pytest

from consul_sniff.matching.modifiers import MODIFIERS


@pytest.mark.parametrize(("modifier", "values", "matches", "fails"), [
    ("exact", ("a", 1), ["a", 1], ["b", "1", True, None, ""]),
    ("exact", (True,), [True], [1, "true", False, None]),
    ("exact", (1,), [1], [True, "1"]),
    ("in", ("a", "b"), ["a", "b"], ["ab", None]),
    ("not", ("a",), ["b", 1, ""], ["a", None]),
    ("not", (True,), [False, 1], [True, None]),
    ("contains", ("RC4", "NULL"), ["TLS_RC4_MD5", "x NULL"], ["AES", "", None, 4]),
    ("startswith", ("consul:", "_"), ["consul:x", "_rexec"], ["xconsul:", None, 1]),
    ("endswith", (".consul",), ["web.consul"], ["consul.", None, 1]),
    ("cidr", ("10.0.0.0/8", "fd00::/8"), ["10.1.2.3", "fd77::1"], ["11.0.0.1", "fe80::1", "name", None, 10]),
    ("cidr", ("10.0.0.1/8",), ["10.9.9.9"], ["9.9.9.9"]),
    ("lt", (5,), [4, -1], [5, 6, "4", True, None]),
    ("lte", (5,), [5], [6, None]),
    ("gt", (1,), [2], [1, True, None]),
    ("gte", (1,), [1], [0, "1", None]),
    ("exists", (True,), ["", 0, False, "x"], [None]),
    ("exists", (False,), [None], ["", False]),
])
def test_each_modifier(modifier, values, matches, fails):
    predicate = MODIFIERS[modifier].build(values)
    assert [value for value in matches if not predicate(value)] == []
    assert [value for value in fails if predicate(value)] == []


@pytest.mark.parametrize(("modifier", "good", "bad"), [
    ("exact", ["", 0, False], [None]),
    ("contains", ["a"], ["", 1, True, None]),
    ("cidr", ["10.0.0.0/8", "::1", "10.0.0.1/8"], ["10.0.0.0/33", "host", 10, None]),
    ("lt", [0, -1], [True, "1", None]),
    ("exists", [True, False], [1, "true", None]),
])
def test_each_modifier_knows_its_values(modifier, good, bad):
    check = MODIFIERS[modifier].check
    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []
