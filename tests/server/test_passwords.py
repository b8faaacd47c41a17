"""口令: what is checked where there is no such person costs as much, and is nobody's."""

import pytest
from argon2 import extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from server import passwords


def test_a_password_costs_what_rfc_9106_asks_of_whoever_guesses_it() -> None:
    """Elsewhere in the tests it costs as good as nothing (tests/support/house.py)."""
    assert extract_parameters(passwords.kept("right horse")) == RFC_9106_LOW_MEMORY


def test_who_is_not_there_is_checked_at_the_cost_of_who_is() -> None:
    theirs = extract_parameters(passwords.kept("right horse"))
    assert extract_parameters(passwords._nobody) == theirs


def test_nobodys_password_is_read_to_the_end_and_is_wrong() -> None:
    """One that could not be read would be refused at once, and who is known here could be heard from that."""
    with pytest.raises(VerifyMismatchError):
        passwords._hasher.verify(passwords._nobody, "right horse")
    assert not passwords.matches(None, "right horse")
    assert not passwords.matches(passwords._nobody, "right horse")


def test_a_password_matches_its_own_hash_alone() -> None:
    stored = passwords.kept("right horse")
    assert passwords.matches(stored, "right horse")
    assert not passwords.matches(stored, "wrong horse")
