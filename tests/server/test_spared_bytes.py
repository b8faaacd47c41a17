"""Bytes that a dossier already holds are not sent again, and nobody learns from that what it holds."""

from pathlib import Path
from typing import Any

import pytest

from media.errors import StoreUnavailable
from tests.server.test_photos import TUS, WJ, begin, originals, photo, stored, upload
from tests.support.house import Desk, House, jpeg, new_id

DATA = jpeg("teal")


def offset(answer: Any) -> int:
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Upload-Offset"])


def another(site: House, username: str = "wang", dossier: str = WJ) -> tuple[Desk, str]:
    """Somebody else's photograph of the same bytes: who they are, and its record."""
    desk, record = site.desk(username), photo(DATA)
    [outcome] = desk.push(dossier, record)
    assert outcome["status"] == "applied"
    return desk, record["record"]


@pytest.fixture
def held(site: House) -> House:
    """The dossier holds the bytes already, from one phone."""
    li, record = site.desk("li"), photo(DATA)
    li.push(WJ, record)
    assert upload(li, record["record"], DATA).status_code == 204
    return site


def staged(house: House) -> list[Path]:
    return list((house.folder / "staging").rglob("*.part"))


def test_who_has_the_same_bytes_for_another_record_is_told_that_nothing_is_missing(held: House) -> None:
    wang, record = another(held)
    begun = begin(wang, record, DATA)
    assert offset(begun) == len(DATA)
    head = wang.call("HEAD", begun.headers["Location"], headers=TUS)
    assert (head.status_code, head.headers["Upload-Offset"]) == (200, str(len(DATA)))
    assert offset(begin(wang, record, DATA)) == len(DATA)  # a lost reply: the same again
    assert stored(wang, record) and staged(held) == [] and len(originals(held)) == 1


def test_what_a_crash_left_owing_to_that_record_is_settled_with_the_answer(
    held: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("server.transaction.after_commit", lambda _work: None)
        wang, record = another(held)
    assert not stored(wang, record)
    assert offset(begin(wang, record, DATA)) == len(DATA)
    assert stored(wang, record)


def test_an_upload_that_was_half_way_when_another_brought_the_bytes_has_nothing_left_to_send(
    site: House,
) -> None:
    wang, record = another(site)
    where = begin(wang, record, DATA).headers["Location"]
    half = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert wang.call("PATCH", where, data=DATA[:100], headers=half).headers["Upload-Offset"] == "100"
    li, mine = another(site, "li")
    assert upload(li, mine, DATA).status_code == 204
    assert offset(begin(wang, record, DATA)) == len(DATA) and staged(site) == []


def test_without_the_record_or_for_another_dossier_or_size_all_bytes_are_asked_for(held: House) -> None:
    """A digest alone tells nobody what lies in a dossier, not even in their own."""
    wang = held.desk("wang")
    assert offset(begin(wang, new_id(), DATA)) == 0
    held.project("wj-02")
    held.person("wang", "inspector", "project:wj-02")
    there, record = another(held, dossier="project:wj-02")
    assert offset(begin(there, record, DATA, dossier="project:wj-02")) == 0
    same, name = another(held)
    longer = begin(same, name, DATA + b"x", sha256=photo(DATA)["fields"]["sha256"]["set"])
    assert offset(longer) == 0
    other = jpeg("maroon")
    assert offset(begin(same, name, other)) == 0  # the record names another digest


def test_a_record_that_the_sender_does_not_see_vouches_for_nothing(held: House) -> None:
    """The contractor may add photographs here, and sees none of the office's own."""
    wang, record = another(held)
    assert offset(begin(held.desk("zhao"), record, DATA)) == 0
    assert offset(begin(wang, record, DATA)) == len(DATA)


def test_bytes_that_the_store_has_lost_come_back_with_whoever_still_has_them(held: House) -> None:
    [lost] = originals(held)
    lost.unlink()
    wang, record = another(held)
    assert upload(wang, record, DATA).status_code == 204
    assert [one.read_bytes() for one in originals(held)] == [DATA]


def test_a_store_that_cannot_tell_is_not_waited_for(held: House, monkeypatch: pytest.MonkeyPatch) -> None:
    wang, record = another(held)

    def away(*_: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr("media.files.FileStore.has", away)
        assert offset(begin(wang, record, DATA)) == 0


def test_who_may_add_nothing_to_the_dossier_is_told_what_everybody_is_told(held: House) -> None:
    _wang, record = another(held)
    answer = begin(held.desk("stranger"), record, DATA)
    assert (answer.status_code, answer.json["code"]) == (404, "unknown-dossier")
    assert "Upload-Offset" not in answer.headers
