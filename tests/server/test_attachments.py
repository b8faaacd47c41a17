"""附件: videos and papers arrive like photographs, count as evidence, and are only ever saved."""

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.durable import MIB
from server.app import create_app
from server.database import db
from server.photos import actions, jobs
from tests.media.test_intake_door import MP4, WEBM
from tests.server.test_authors import CURSOR
from tests.server.test_photos import TUS, WJ, begin, photo, send, upload
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, Desk, House, config_for, create, issue, jpeg, new_id
from tests.support.seaweed import SeaweedServer

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n"
VIDEO = MP4 + b"moving pictures"


def attachment(data: bytes, mime: str = "video/mp4", **more: Any) -> dict[str, Any]:
    values = {"subject": new_id(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return create("attachment", values | {"mime": mime, "name": "塔吊 1.mp4"} | more)


def told(desk: Desk, record: str) -> Any:
    return desk.get(f"/api/v1/attachments/{record}")


def test_an_attachment_is_awaited_counted_as_evidence_and_entered_when_its_bytes_rest(site: House) -> None:
    li, finding = site.desk("li"), issue()
    picture = jpeg()
    video = attachment(VIDEO, subject=finding["record"], taken_at="2026-11-21T10:05:00+08:00")
    paper = attachment(PDF, "application/pdf", subject=finding["record"], name="复工报告.pdf")
    li.push(WJ, finding, photo(picture, finding["record"]), video, paper)
    pulled = li.exchange(cursors={WJ: {"field": CURSOR}})["pull"]["dossiers"][WJ]
    assert sorted(pulled["wanted"]) == sorted(hashlib.sha256(d).hexdigest() for d in (picture, VIDEO, PDF))
    before = li.get(f"/api/v1/issues/{finding['record']}")
    assert before["evidence"] == {"stored": 0, "total": 3}
    assert upload(li, video["record"], VIDEO, mime="video/mp4").status_code == 204
    assert upload(li, paper["record"], PDF, mime="application/pdf").status_code == 204
    after = site.desk("zhang").get(f"/api/v1/issues/{finding['record']}")
    assert after["evidence"] == {"stored": 2, "total": 3} and len(after["photos"]) == 1
    # Without the moment it was taken, a paper comes last.
    assert [a["name"] for a in after["attachments"]] == ["塔吊 1.mp4", "复工报告.pdf"]
    assert told(li, video["record"])["original"].startswith(f"/api/v1/attachments/{video['record']}/original")
    history = li.get(f"/api/v1/dossiers/{WJ}/records/{video['record']}/history")["items"]
    assert history[0]["who"]["id"] == "system" and "stored_at" in history[0]["after"]


def test_bytes_are_asked_only_of_who_may_read_what_names_them(site: House) -> None:
    zhang, finding = site.desk("zhang"), issue()
    ours, everybodys = photo(jpeg(), finding["record"]), attachment(PDF, "application/pdf")
    everybodys |= {"audience": "public"}
    assert {o["status"] for o in zhang.push(WJ, finding, ours, everybodys)} == {"applied"}
    picture, paper = (c["fields"]["sha256"]["set"] for c in (ours, everybodys))

    def asked(username: str) -> list[str]:
        pulled = site.desk(username).exchange(cursors={WJ: {"public": CURSOR}, "project:wj-02": {}})["pull"]
        return sorted(pulled["dossiers"][WJ]["wanted"]) if WJ in pulled["dossiers"] else ["foreign"]

    assert asked("zhang") == asked("li") == sorted([picture, paper])
    assert asked("zhao") == [paper]  # the firm on the site
    assert asked("stranger") == ["foreign"]


@pytest.mark.parametrize(
    ("data", "mime"), [(VIDEO, "video/mp4"), (WEBM, "video/webm"), (PDF, "application/pdf")], ids=str
)
def test_it_comes_back_byte_for_byte_to_be_saved_and_never_to_be_shown(
    site: House, data: bytes, mime: str
) -> None:
    li, record = site.desk("li"), attachment(data, mime)
    li.push(WJ, record)
    upload(li, record["record"], data, mime=mime)
    answer = li.call("GET", f"/api/v1/attachments/{record['record']}/original")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, data, mime)
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment;") and "filename*=UTF-8''%E5%A1%94%E5%90%8A%201.mp4" in said
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    part = li.call("GET", f"/api/v1/attachments/{record['record']}/original", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data) == (206, data[4:8])


def test_bytes_before_their_record_and_a_record_that_says_what_its_upload_does_not(site: House) -> None:
    li = site.desk("li")
    early, late = attachment(VIDEO), attachment(PDF, "application/pdf")
    upload(li, early["record"], VIDEO, mime="video/mp4")
    li.push(WJ, early, late)
    assert told(li, early["record"])["stored"]
    assert upload(li, late["record"], PDF).status_code == 204  # its record says that it is a paper
    assert told(li, late["record"])["stored"]


@pytest.mark.parametrize(
    "data",
    [b"<html><script>alert(1)</script></html>", b"<svg xmlns='x' onload='alert(1)'/>", jpeg(), b"MZ\x90"],
    ids=["html", "svg", "picture", "program"],
)
def test_what_is_neither_video_nor_paper_is_refused_and_not_kept(site: House, data: bytes) -> None:
    answer = upload(site.desk("li"), new_id(), data, mime="application/pdf")
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (
        415,
        "not-an-attachment",
        "repair",
    )
    assert not [p for p in site.folder.rglob("*") if p.is_file() and p.name.endswith(".part")]
    assert not (site.folder / "media").exists()


def test_a_video_for_a_photograph_is_refused(site: House) -> None:
    answer = upload(site.desk("li"), new_id(), VIDEO, mime="image/jpeg")
    assert (answer.status_code, answer.json["code"]) == (415, "not-an-image")


def test_a_photograph_may_have_64_mib_and_a_video_2_gib_also_where_the_length_comes_later(
    site: House,
) -> None:
    li = site.desk("li")
    declared = attachment(VIDEO, size=2048 * MIB, sha256="d" * 64)
    li.push(WJ, declared)
    for mime, record, limit in (
        ("image/jpeg", new_id(), 64),
        ("", new_id(), 64),
        ("application/pdf", new_id(), 64),
        ("video/mp4", new_id(), 2048),
        ("", declared["record"], 2048),
    ):
        said = {"dossier": WJ, "record": record, "sha256": "d" * 64} | ({"mime": mime} if mime else {})
        packed = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        for size, status in ((limit * MIB + 1, 413), (limit * MIB, 201)):
            headers = TUS | {"Upload-Metadata": packed}
            begun = li.call("POST", "/api/v1/uploads", headers=headers | {"Upload-Length": str(size)})
            assert begun.status_code == status, (mime, size)
            if status == 413:
                assert (begun.json["code"], begun.json["details"]) == (
                    "upload-too-large",
                    {"limit": limit * MIB},
                )
        headers["Upload-Metadata"] = packed.replace("dddd", "eeee")
    options = li.call("OPTIONS", "/api/v1/uploads")
    assert options.headers["Tus-Max-Size"] == str(2048 * MIB)


def test_a_length_declared_later_is_held_to_the_type_s_limit(site: House) -> None:
    li = site.desk("li")
    for mime, most in (("image/jpeg", 64 * MIB), ("video/mp4", 2048 * MIB)):
        said = {"dossier": WJ, "record": new_id(), "sha256": "e" * 64, "mime": mime}
        packed = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        headers = TUS | {"Upload-Metadata": packed, "Upload-Defer-Length": "1"}
        where = li.call("POST", "/api/v1/uploads", headers=headers).headers["Location"]
        for length, status in ((most + 1, 413), (most, 204)):
            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            answer = li.call("PATCH", where, headers=headers | {"Upload-Length": str(length)})
            assert answer.status_code == status


def test_who_may_not_see_it_is_told_what_a_stranger_to_its_name_is_told(site: House) -> None:
    li, record = site.desk("li"), attachment(VIDEO)
    li.push(WJ, record)
    upload(li, record["record"], VIDEO, mime="video/mp4")
    for who in ("zhao", "stranger"):
        for face in ("", "/original"):
            answer = site.desk(who).call("GET", f"/api/v1/attachments/{record['record']}{face}")
            absent = site.desk(who).call("GET", f"/api/v1/attachments/{new_id()}{face}")
            assert (answer.status_code, answer.json["code"]) == (404, "not-found")
            assert answer.json["detail"] == absent.json["detail"]
    # Nor is it a photograph, nor is a photograph one of them.
    assert li.call("GET", f"/api/v1/photos/{record['record']}/original").status_code == 404
    picture = photo(jpeg())
    li.push(WJ, picture)
    assert li.call("GET", f"/api/v1/attachments/{picture['record']}").status_code == 404


def test_no_picture_is_looked_for_in_it_and_what_a_crash_left_is_settled(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, record = site.desk("li"), attachment(VIDEO)
    with monkeypatch.context() as broken:
        broken.setattr("server.transaction.after_commit", lambda _work: None)
        upload(li, record["record"], VIDEO, mime="video/mp4")
        li.push(WJ, record)
    assert not told(li, record["record"])["stored"]
    with site.app.app_context():
        assert (actions.settle_all(), jobs.develop_all()) == (1, 0)
        assert actions.faults_at_rest(WJ, hashlib.sha256(VIDEO).hexdigest()) is None
    assert told(li, record["record"])["stored"]


@pytest.fixture(params=["files", "s3"])
def roomy(
    request: pytest.FixtureRequest,
    factories: Callable[[str], DatabaseFactory],
    clock: Clock,
    tmp_path: Path,
    credentials: None,
) -> Iterator[House]:
    """A house on either store; SQLite, for what the database does is the same."""
    more = {}
    if request.param == "s3":
        weed: SeaweedServer = request.getfixturevalue("seaweed")
        more["XUNJIAN_MEDIA_URL"] = f"s3://media?endpoint=http://127.0.0.1:{weed.port}&prefix={tmp_path.name}"
    url = factories("sqlite").fresh()
    app = create_app(config_for(url, tmp_path, **more), clock=clock, new_id=new_id)
    house = House(app, clock, tmp_path)
    house.person("li", "inspector", house.project("wj-01"))
    yield house
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    factories("sqlite").dispose(url)


def test_a_video_of_72_mib_arrives_in_pieces_rests_and_comes_back(roomy: House) -> None:
    li = roomy.desk("li")
    data = MP4 + random.Random(72).randbytes(72 * MIB)
    record = attachment(data)
    li.push(WJ, record)
    where = begin(li, record["record"], data, mime="video/mp4").headers["Location"]
    for at in range(0, len(data), 24 * MIB):
        assert send(li, where, data[at : at + 24 * MIB], at).status_code == 204
    assert told(li, record["record"])["stored"]
    path = f"/api/v1/attachments/{record['record']}/original"
    whole = li.call("GET", path)
    assert hashlib.sha256(whole.data).hexdigest() == record["fields"]["sha256"]["set"]
    middle = li.call("GET", path, headers={"Range": f"bytes={40 * MIB}-{40 * MIB + 99}"})
    assert middle.data == data[40 * MIB : 40 * MIB + 100]
