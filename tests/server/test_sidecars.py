"""Beside every original a note for readers without the database; it never stands in a photograph's way."""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from media.errors import StoreUnavailable
from media.files import FileStore
from server.photos import actions, sidecars
from sync.canonical import canonical
from tests.server.test_photos import WJ, originals, photo, stored, upload
from tests.support.house import House, jpeg


def notes(site: House) -> list[Path]:
    """The sidecars there are, once the job has been there."""
    with site.app.app_context():
        sidecars.write_new()
    return sorted((site.folder / "media" / "media").glob("*/o/*/*.json"))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_original_s_sidecar_says_what_a_reader_without_the_database_needs(site: House, form: Any) -> None:
    li, data = site.desk("li"), jpeg()
    name = unicodedata.normalize(form, "图 é 1.jpg")
    place = {"lat_e7": 399_087_000, "lon_e7": 1_163_975_000, "accuracy_m": 8, "datum": "CGCS2000"}
    record = photo(data, name=name, **place)
    li.push(WJ, record)
    upload(li, record["record"], data)
    [original], [note] = originals(site), notes(site)
    assert note == original.with_suffix(".json")
    told = json.loads(note.read_bytes())
    assert note.read_bytes() == canonical(told)
    [said] = told.pop("records")
    assert told == {
        "format": "xunjian-sidecar/1",
        "dossier": WJ,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "mime": "image/jpeg",
        "stored_at": "2026-11-22T01:00:00.000Z",
    }
    assert said.pop("version") > 0
    assert said == place | {
        "id": record["record"],
        "subject": record["fields"]["subject"]["set"],
        "name": name,
        "taken_at": "2026-11-21T10:05:00+08:00",
        "taker": {"id": li.person, "name": "li某"},
    }


def test_bytes_that_came_first_get_their_sidecar_with_their_record(site: House) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    upload(li, record["record"], data)
    assert notes(site) == []  # a note written now would never say whose they are
    li.push(WJ, record)
    [note] = notes(site)
    assert [r["id"] for r in json.loads(note.read_bytes())["records"]] == [record["record"]]


def test_while_the_store_is_away_a_sidecar_waits_and_is_written_when_it_is_back(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    put = FileStore.put

    def full(store: FileStore, key: str, source: Path, *, sha256: str) -> bool:
        if key.endswith(".json"):
            raise StoreUnavailable(errno=28)
        return put(store, key, source, sha256=sha256)

    with monkeypatch.context() as broken:
        broken.setattr(FileStore, "put", full)
        assert upload(li, record["record"], data).status_code == 204
        assert stored(li, record["record"]) and notes(site) == []
    assert len(notes(site)) == 1
    with site.app.app_context():
        assert sidecars.write_new() == 0


def test_many_sidecars_cost_as_many_statements_as_one(site: House) -> None:
    li = site.desk("li")

    def arrive(*colours: str) -> int:
        for colour in colours:
            record = photo(data := jpeg(colour))
            li.push(WJ, record)
            assert upload(li, record["record"], data).status_code == 204
        with site.statements() as said:
            assert len(notes(site)) >= len(colours)
        return len(said)

    arrive("gray")
    assert arrive("red") == arrive("green", "blue", "white", "black")


def test_trouble_with_one_site_leaves_no_other_without_its_sidecars(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, data = site.desk("stranger"), jpeg()
    record = photo(data)
    stranger.push("project:wj-02", record)
    assert upload(stranger, record["record"], data, dossier="project:wj-02").status_code == 204
    one = sidecars._write_new

    def troubled(dossier: str) -> int:
        if dossier == WJ:
            raise KeyError(dossier)
        return one(dossier)

    monkeypatch.setattr(sidecars, "_write_new", troubled)
    assert len(notes(site)) == 1


def test_a_sidecar_is_written_once_and_a_correction_does_not_change_it(site: House) -> None:
    from tests.support.house import update

    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    before = notes(site)[0].read_bytes()
    version = json.loads(before)["records"][0]["version"]
    li.push(WJ, update("photo", record["record"], version, {"name": "改名.jpg"}))
    with site.app.app_context():
        assert sidecars.write(WJ, [record["fields"]["sha256"]["set"]]) == 0
        assert actions.faults_at_rest(WJ, record["fields"]["sha256"]["set"]) is None
    assert notes(site)[0].read_bytes() == before
