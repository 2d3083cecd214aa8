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
