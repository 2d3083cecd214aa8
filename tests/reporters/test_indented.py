import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.reporters import indented

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_it_is_what_the_standard_library_writes(value):
    assert indented.text(value) == json.dumps(value, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("value", [{"a": (), "b": [], "c": {}}, [], {}, ({"a": ({},)},), {"a": [1], "b": 2, "c": "\x00é\u2028"}])
def test_empty_and_nested_containers(value):
    assert indented.text(value) == json.dumps(value, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}, [[float("-inf")]]])
def test_what_json_has_no_word_for_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        indented.text(value)


@pytest.mark.parametrize("size", [0, 1, 2, indented.BATCH, indented.BATCH + 1])
def test_a_table_is_a_list_of_dicts(size):
    inner = {"a%": None, "b": str}
    table = indented.Table([(number, "same", [(place, 1.5) for place in range(number % 3)]) for number in range(size)],
                           {"number": None, "word": str.upper, "rows": inner})
    assert table.dicts() == [{"number": number, "word": "SAME", "rows": [{"a%": place, "b": "1.5"} for place in range(number % 3)]}
                             for number in range(size)]
    expected = json.dumps({"table": table.dicts()}, indent=1, ensure_ascii=False)
    assert "".join(indented.pieces({"table": table})) == expected
