"""Canonical bytes: one spelling for every value, the same as RFC 8785's reference."""

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.canonical import MAX_INTEGER, NotCanonical, canonical

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=10_000, deadline=None)
@given(VALUES)
def test_canonical_bytes_are_those_of_the_reference(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [1.0, 39.9, float("nan"), {"a": [1, 2.5]}, 2**53, -(2**53), {"键": 1}, {1: 2}, "\ud800", b"x", (1,)],
)
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical({"position": [{"lat": 1}, {"lat": 39.9}]})
    assert refused.value.path == "position[1].lat"


def test_text_is_kept_as_given_without_normalisation() -> None:
    composed, decomposed = "é", "e\u0301"
    assert canonical(composed) != canonical(decomposed)
    assert json.loads(canonical("二层已拆除 𠮷·㛃")) == "二层已拆除 𠮷·㛃"
