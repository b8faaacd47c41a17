"""What is written as an array comes back as it was, whatever it is and wherever it is nothing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.arrays import ARRAYS
from tests.support.postgres import PostgresServer

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "TEXT": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "BYTEA": st.binary(),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "SMALLINT": st.integers(-(2**15), 2**15 - 1),
    "BOOLEAN": st.booleans(),
    "DATE": st.dates(date(1, 1, 1), date(9999, 12, 31)),
}


@pytest.fixture(scope="module")
def line(postgres_server: PostgresServer) -> Any:
    with psycopg.connect(postgres_server.url("postgres", driver="postgresql"), autocommit=True) as conn:
        yield conn


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_value_comes_back_in_its_place(line: Any, kind: str) -> None:
    @given(st.lists(st.none() | VALUES[kind], min_size=1, max_size=9))
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def holds(values: Sequence[Any]) -> None:
        asked = f"SELECT v FROM unnest(%b::{kind}[]) WITH ORDINALITY AS of (v, n) ORDER BY n"
        assert [row[0] for row in line.execute(asked, (ARRAYS[kind](values),))] == list(values)

    holds()


def test_every_type_that_a_table_has_is_written_so() -> None:
    assert set(VALUES) == set(ARRAYS)
