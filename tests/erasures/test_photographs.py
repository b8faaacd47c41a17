"""A photograph that is erased goes with everything that was made of it or said of it."""

from typing import Any

import pytest
from sqlalchemy import text

from media.errors import StoreUnavailable
from media.store import sidecar_key
from server import transaction
from server.office import office
from server.photos import sidecars
from server.scheduler import jobs
from tests.server.test_photos import begin, originals, photo, upload
from tests.support.house import House, jpeg

from .conftest import WJ, erase
from .test_erasing import SECRET, body, everywhere, verified


def test_a_photograph_goes_with_its_original_its_versions_and_its_sidecar(bureau: House) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data, caption=SECRET)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    assert li.call("GET", f"/api/v1/photos/{record['record']}/thumbnail").status_code == 200
    erase(bureau, record["record"], whole=True)
    media = bureau.folder / "media"
    assert [p for p in (media / "media").rglob("*") if p.is_file()] == []
    assert everywhere(bureau, SECRET.encode()) == []
    with bureau.app.app_context(), transaction.reading() as conn:
        assert conn.execute(text("SELECT count(*) FROM blobs")).scalar() == 0
        assert conn.execute(text("SELECT count(*) FROM pictures")).scalar() == 0
    assert li.call("GET", f"/api/v1/photos/{record['record']}").status_code == 404
    assert li.exchange(cursors={WJ: {}})["pull"]["dossiers"][WJ]["wanted"] == []
    assert verified(bureau).fault is None


def test_its_bytes_are_not_taken_in_again(bureau: House) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    erase(bureau, record["record"], whole=True)
    again = photo(data)
    li.push(WJ, again)
    refused = upload(li, again["record"], data)
    assert (refused.status_code, refused.json["code"], refused.json["remedy"]) == (
        410,
        "bytes-erased",
        "drop",
    )
    assert originals(bureau) == []
    assert begin(li, record["record"], jpeg("blue")).status_code == 201


def test_bytes_that_another_record_names_as_well_stay(bureau: House) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    one, other = photo(data), photo(data)
    li.push(WJ, one, other)
    upload(li, one["record"], data)
    erase(bureau, one["record"], whole=True)
    assert [p.read_bytes() for p in originals(bureau)] == [data]
    assert li.call("GET", f"/api/v1/photos/{other['record']}/original").data == data


def test_where_only_its_caption_goes_the_sidecar_is_written_anew_without_it(bureau: House) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data, caption=SECRET)
    li.push(WJ, record)
    upload(li, record["record"], data)
    [original] = originals(bureau)
    sidecar = original.with_name(original.name + ".json")
    with bureau.app.app_context():
        assert sidecars.write_new() == 1
    assert SECRET in sidecar.read_text()
    erase(bureau, record["record"])
    assert SECRET not in sidecar.read_text() and original.exists()
    assert "caption" not in body(bureau, record["record"])


def test_a_caption_that_goes_while_the_sidecar_is_written_does_not_stay_in_it(
    bureau: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data, caption=SECRET)
    li.push(WJ, record)
    upload(li, record["record"], data)
    put, orders = sidecars._put, [record["record"]]

    def late(dossier: str, note: dict[str, Any]) -> bool:
        """Rests the note that was made before, when the erasure has dropped its sidecar and not yet written
        a new one.
        """
        if orders:
            erase(bureau, orders.pop())
            office().store.drop(sidecar_key(dossier, note["sha256"]))
        return put(dossier, note)

    monkeypatch.setattr(sidecars, "_put", late)
    with bureau.app.app_context():
        sidecars.write_new()
    [original] = originals(bureau)
    told = original.with_name(original.name + ".json").read_text()
    assert SECRET not in told and record["record"] in told


def test_a_sidecar_whose_writer_died_before_the_second_look_is_written_anew(
    bureau: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data, caption=SECRET)
    li.push(WJ, record)
    upload(li, record["record"], data)
    put = sidecars._put

    def dies(dossier: str, note: dict[str, Any]) -> bool:
        erase(bureau, record["record"])
        office().store.drop(sidecar_key(dossier, note["sha256"]))
        put(dossier, note)
        raise StoreUnavailable(errno=5)

    with monkeypatch.context() as broken, bureau.app.app_context():
        broken.setattr(sidecars, "_put", dies)
        sidecars.write_new()
    [original] = originals(bureau)
    sidecar = original.with_name(original.name + ".json")
    assert SECRET in sidecar.read_text()
    with bureau.app.app_context():
        sidecars.write_new()
    assert SECRET not in sidecar.read_text()


def test_a_store_that_is_away_is_asked_again(bureau: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from media.files import FileStore

    li, data = bureau.desk("li"), jpeg("red")
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)

    def away(*_: Any) -> None:
        raise StoreUnavailable(errno=5)

    monkeypatch.setattr(FileStore, "drop", away)
    erase(bureau, record["record"], whole=True)
    assert len(originals(bureau)) == 1
    monkeypatch.undo()
    with bureau.app.app_context():
        assert jobs(bureau.app)["erase"]() == 1
    assert originals(bureau) == []
