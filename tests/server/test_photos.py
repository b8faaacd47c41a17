"""Photographs: bytes arrive in pieces, are verified, and are shown only to those who may see them."""

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from server.photos import actions
from tests.support.house import Desk, House, create, issue, jpeg, new_id

WJ = "project:wj-01"
TUS = {"Tus-Resumable": "1.0.0"}


def photo(data: bytes, subject: str | None = None, **more: Any) -> dict[str, Any]:
    values = {
        "subject": subject or new_id(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "mime": "image/jpeg",
        "name": "图 1.jpg",
        "taken_at": "2026-11-21T10:05:00+08:00",
    }
    return create("photo", values | more)


def begin(desk: Desk, photo_id: str, data: bytes, **said: Any) -> Any:
    metadata = {"dossier": WJ, "record": photo_id, "sha256": hashlib.sha256(data).hexdigest()} | said
    packed = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in metadata.items())
    headers = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": packed}
    return desk.call("POST", "/api/v1/uploads", headers=headers)


def send(desk: Desk, where: str, data: bytes, offset: int = 0) -> Any:
    headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return desk.call("PATCH", where, data=data, headers=headers)


def upload(desk: Desk, record: str, data: bytes, **said: Any) -> Any:
    begun = begin(desk, record, data, **said)
    assert begun.status_code == 201, begun.text
    return send(desk, begun.headers["Location"], data)


def originals(house: House) -> list[Path]:
    """The files of originals at rest, without their sidecars."""
    resting = (house.folder / "media" / "media").glob("*/o/*/*")
    return sorted(p for p in resting if not p.suffix)


def stored(desk: Desk, record: str) -> bool:
    return desk.get(f"/api/v1/photos/{record}")["stored"]


def test_a_photo_is_awaited_until_its_bytes_are_verified_and_then_everybody_sees_it(site: House) -> None:
    li, data, finding = site.desk("li"), jpeg(), issue()
    record = photo(data, finding["record"])
    li.push(WJ, finding, record)
    before = li.get(f"/api/v1/issues/{finding['record']}")
    assert before["evidence"] == {"stored": 0, "total": 1}
    assert upload(li, record["record"], data).status_code == 204
    after = site.desk("zhang").get(f"/api/v1/issues/{finding['record']}")
    assert after["evidence"] == {"stored": 1, "total": 1}
    history = li.get(f"/api/v1/dossiers/{WJ}/records/{record['record']}/history")["items"]
    assert history[0]["who"]["id"] == "system" and "stored_at" in history[0]["after"]


def test_bytes_may_come_before_their_record(site: House) -> None:
    li, data = site.desk("li"), jpeg("blue")
    record = photo(data)
    assert upload(li, record["record"], data).status_code == 204
    li.push(WJ, record)
    assert stored(li, record["record"])


def test_the_original_comes_back_byte_for_byte_with_etag_ranges_and_its_name(site: House) -> None:
    li, data = site.desk("li"), jpeg("green")
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    path = f"/api/v1/photos/{record['record']}/original"
    whole = li.call("GET", path)
    assert whole.data == data and whole.headers["Content-Length"] == str(len(data))
    assert whole.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert "filename*=UTF-8''%E5%9B%BE%201.jpg" in whole.headers["Content-Disposition"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = li.call("GET", path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert li.call("GET", path, headers={"Range": "bytes=-5"}).data == data[-5:]
    beyond = li.call("GET", path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.json["code"]) == (416, "range-not-satisfiable")
    again = li.call("GET", path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright_small_and_tells_nothing_of_the_camera(site: House, orientation: int) -> None:
    upright = Image.new("RGB", (800, 600), "white")
    upright.paste("red", (0, 0, 800, 100))  # the sky is red, and up
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # EXIF orientation → Pillow's inverse transpose
    lying = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret Camera"
    out = io.BytesIO()
    lying.save(out, "JPEG", exif=exif, quality=95)
    li, data = site.desk("li"), out.getvalue()
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    answer = li.call("GET", f"/api/v1/photos/{record['record']}/thumbnail")
    assert answer.status_code == 200 and answer.mimetype == "image/jpeg"
    small = Image.open(io.BytesIO(answer.data))
    assert small.size == (320, 240)
    red, green, _blue = small.getpixel((160, 10))
    assert red > 200 and green < 80
    assert not small.getexif() and b"Secret" not in answer.data


def test_wrong_bytes_are_refused_and_nothing_is_kept_of_them(site: House) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    begun = begin(li, record["record"], data)
    answer = send(li, begun.headers["Location"], data[:-1] + b"\x00")
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (
        422,
        "digest-mismatch",
        "retry",
    )
    assert not stored(li, record["record"])
    assert not [p for p in (site.folder / "media").rglob("*") if p.is_file()]
    assert upload(li, record["record"], data).status_code == 204
    assert stored(li, record["record"])


def test_a_file_that_is_no_picture_is_refused_in_words(site: House) -> None:
    li, data = site.desk("li"), b"<html><script>alert(1)</script></html>"
    answer = upload(li, new_id(), data)
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (415, "not-an-image", "repair")
    assert not list((site.folder / "media").rglob("*"))


def test_a_damaged_picture_is_kept_as_evidence_though_it_cannot_be_shown(site: House) -> None:
    li = site.desk("li")
    data = jpeg(size=(2000, 1500))[:700]
    record = photo(data)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    for _ in range(2):
        answer = li.call("GET", f"/api/v1/photos/{record['record']}/thumbnail")
        assert (answer.status_code, answer.json["code"]) == (404, "no-picture")
        assert answer.json["details"]["reason"] == "undecodable"
    assert li.call("GET", f"/api/v1/photos/{record['record']}/original").data == data


def test_an_upload_continues_where_it_stood_and_a_wrong_offset_changes_nothing(site: House) -> None:
    li, data = site.desk("li"), jpeg("yellow")
    record = new_id()
    where = begin(li, record, data).headers["Location"]
    assert send(li, where, data[:100]).headers["Upload-Offset"] == "100"
    wrong = send(li, where, data[50:], offset=50)
    assert (wrong.status_code, wrong.json["code"]) == (409, "offset-mismatch")
    assert li.call("HEAD", where, headers=TUS).headers["Upload-Offset"] == "100"
    assert begin(li, record, data).headers["Location"] == where
    assert send(li, where, data[100:], offset=100).status_code == 204


def test_a_photograph_larger_than_any_other_request_may_be_comes_in_one_piece(site: House) -> None:
    li, data = site.desk("li"), jpeg() + b"\0" * (5 << 20)
    record = photo(data)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    assert stored(li, record["record"])


def test_an_upload_of_somebody_else_is_absent(site: House) -> None:
    where = begin(site.desk("li"), new_id(), jpeg()).headers["Location"]
    for desk in (site.desk("wang"), site.desk("li", device="another")):
        assert desk.call("HEAD", where, headers=TUS).status_code == 404


def test_an_upload_to_a_foreign_dossier_is_refused_like_one_to_an_absent_one(site: House) -> None:
    stranger = site.desk("stranger")
    answers = [begin(stranger, new_id(), jpeg(), dossier=d) for d in (WJ, "project:none")]
    assert [(a.status_code, a.json["code"]) for a in answers] == [(404, "unknown-dossier")] * 2


@pytest.mark.parametrize(
    "said",
    [{"dossier": "../../etc"}, {"sha256": "x"}, {"record": "../x"}, {"sha256": "A" * 64}, {"dossier": ""}],
)
def test_hostile_metadata_is_refused_before_a_byte_is_staged(site: House, said: dict[str, str]) -> None:
    answer = begin(site.desk("li"), new_id(), jpeg(), **said)
    assert answer.status_code in (400, 404) and answer.json["code"] in ("bad-metadata", "unknown-dossier")
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_photographs_are_seen_by_audience(site: House) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    for desk in (site.desk("zhao"), site.desk("stranger")):
        for face in ("", "/original", "/thumbnail"):
            assert desk.call("GET", f"/api/v1/photos/{record['record']}{face}").status_code == 404


def test_what_a_crash_left_between_bytes_and_entry_is_settled_by_the_next_job(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    with monkeypatch.context() as broken:
        # The process dies after the blob's commit and before the follow-up of the record.
        broken.setattr("server.transaction.after_commit", lambda _work: None)
        upload(li, record["record"], data)
        li.push(WJ, record)
    assert not stored(li, record["record"])
    with site.app.app_context():
        assert actions.settle_all() == 1
        assert actions.settle_all() == 0
    assert stored(li, record["record"])


def test_the_same_bytes_in_two_photos_rest_once_and_are_settled_for_both(site: House) -> None:
    li, data = site.desk("li"), jpeg("purple")
    one, two = photo(data), photo(data)
    li.push(WJ, one, two)
    upload(li, one["record"], data)
    assert stored(li, one["record"]) and stored(li, two["record"])
    assert [p.name for p in originals(site)] == [one["fields"]["sha256"]["set"]]


def test_bytes_of_work_that_was_parked_still_come_home(site: House) -> None:
    """The ghost inspector: re-assigned in a basement, a day's photographs in the pocket."""
    from server.people import actions as people

    li, data = site.desk("li"), jpeg()
    record = photo(data)
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    [outcome] = li.push(WJ, record)
    assert (outcome["status"], outcome["why"]) == ("parked", "access-revoked")
    assert upload(li, record["record"], data).status_code == 204
    assert [p.name for p in originals(site)] == [hashlib.sha256(data).hexdigest()]


def test_bytes_that_changed_or_vanished_at_rest_are_named(site: House) -> None:
    li, data = site.desk("li"), jpeg()
    record, digest = photo(data), hashlib.sha256(data).hexdigest()
    li.push(WJ, record)
    upload(li, record["record"], data)
    [path] = originals(site)
    with site.app.app_context():
        assert actions.faults_at_rest(WJ, digest) is None
        path.chmod(0o600)
        path.write_bytes(data[:-1] + b"\x00")
        assert actions.faults_at_rest(WJ, digest) == "its bytes are not the ones it names"
        path.unlink()
        assert actions.faults_at_rest(WJ, digest) == "its bytes are missing"
    answer = li.call("GET", f"/api/v1/photos/{record['record']}/original")
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (
        404,
        "evidence-missing",
        "ask",
    )
