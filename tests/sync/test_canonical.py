"""Canonical bytes: one spelling for every value, the same as RFC 8785's reference."""

import json
import random

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.canonical import MAX_INTEGER, NotCanonical, canonical

TEXT = st.text(st.characters(min_codepoint=1, exclude_categories=("Cs",)))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(VALUES)
def test_canonical_bytes_are_those_of_the_reference(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_ten_thousand_generated_documents_have_the_bytes_of_the_reference() -> None:
    rnd = random.Random(8785)
    for _ in range(10_000):
        value = document(rnd, 3)
        assert canonical(value) == rfc8785.dumps(value)


def document(rnd: random.Random, depth: int) -> object:
    """A document as changes have them: nested objects, Chinese text, control characters, big integers."""
    kind = rnd.randrange(7 if depth else 5)
    if kind == 0:
        return rnd.choice((None, True, False))
    if kind == 1:
        return rnd.randint(-MAX_INTEGER, MAX_INTEGER)
    if kind in (2, 3, 4):
        return "".join(
            chr(rnd.choice((rnd.randrange(1, 0xD800), rnd.randrange(1, 128), 0x20BB7))) for _ in range(9)
        )
    if kind == 5:
        return [document(rnd, depth - 1) for _ in range(rnd.randrange(5))]
    return {f"{rnd.randrange(10**6):x}": document(rnd, depth - 1) for _ in range(rnd.randrange(6))}


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        39.9,
        float("nan"),
        {"a": [1, 2.5]},
        2**53,
        -(2**53),
        {"键": 1},
        {1: 2},
        "\ud800",
        "a\0b",
        b"x",
        (1,),
    ],
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
