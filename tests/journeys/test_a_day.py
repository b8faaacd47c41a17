"""From a phone without signal to the supervisor's queue, over real HTTP, through kills and restarts."""

import contextlib
import hashlib
import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from server.catalogue import journal
from server.replay import found
from sync.line import HttpLine, NoLine, Refused
from sync.replica import Replica
from tests.journeys.conftest import DOSSIER, PASSWORD, Town
from tests.support.house import ISSUE, Clock, create, issue, jpeg, new_id

pytestmark = pytest.mark.journey
REAL_PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A day's photographs: real ones where they are at hand, drawn ones and a damaged one always."""
    folder = tmp_path / "album"
    folder.mkdir()
    for i in range(8):
        noise = random.Random(i).randbytes(20_000 * i)
        (folder / f"现场 {i}.jpg").write_bytes(jpeg(f"hsl({i * 40},80%,50%)", (900, 600)) + noise)
    (folder / "damaged.jpg").write_bytes(jpeg(size=(3000, 2000))[:900])
    (folder / "notes.txt").write_text("no photograph")
    if REAL_PHOTOS.exists():
        for name in ("iphone_13_pro_max.HEIC", "portrait_6.jpg", "corrupted.jpg", "HMD_Nokia_8.3_5G.jpg"):
            (folder / name).write_bytes((REAL_PHOTOS / name).read_bytes())
    return folder


def queue(line: HttpLine, **wanted: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page: str | None = ""
    while page is not None:
        params = wanted | {"limit": "100"} | ({"page": page} if page else {})
        answer = line.request("GET", "/api/v1/issues", params=params).json()
        items += answer["items"]
        page = answer["next"]
    return items


def test_a_day_is_replayed_and_every_photo_stands_in_the_queue_under_its_digest(
    town: Town, album: Path
) -> None:
    done = town.xunjian("replay", str(album))
    assert "fault: none" in done.stdout and "unsent: nothing" in done.stdout
    with town.line("supervisor") as line:
        shown = {p["sha256"]: p for i in queue(line, dossier=DOSSIER) for p in i["photos"]}
        for picture in found(album):
            photo = shown[picture.sha256]
            assert photo["stored"]
            data = line.request("GET", photo["original"]).content
            assert hashlib.sha256(data).hexdigest() == picture.sha256
        proof = line.request("GET", f"/api/v1/dossiers/{DOSSIER}/verification").json()
        assert proof["fault"] is None
    again = town.xunjian("replay", str(album))
    assert "nothing to send" in again.stdout
    assert "0 faults" in town.xunjian("verify").stdout


def test_the_demonstration_is_a_district_and_twice_changes_nothing(town: Town) -> None:
    with town.line("supervisor") as line:
        before = queue(line)
        assert len(before) == 40
        assert len(line.request("GET", "/api/v1/projects").json()["items"]) == 6
        assert any(i["overdue"] for i in before) and any(i["severity"] == "major" for i in before)
        photos = [p for i in before for p in i["photos"]]
        assert photos and all(p["stored"] for p in photos)
        for photo in photos:
            assert line.request("GET", photo["thumbnail"]).headers["Content-Type"] == "image/jpeg"
        town.xunjian("demo")
        assert queue(line) == before
    with town.line("contractor", "firm") as firm:  # what has been issued to it, and nothing else
        assert {i["state"] for i in queue(firm)} <= {i["state"] for i in before} - {"found", "confirmed"}
        assert "11层剪力墙根部蜂窝露筋" in {i["title"] for i in queue(firm)}


def test_killing_the_server_in_the_middle_loses_nothing_acknowledged(town: Town, tmp_path: Path) -> None:
    """SIGKILL at arbitrary moments while three devices push; each acknowledged change stays as it was."""
    acknowledged: list[dict[str, dict[str, Any]]] = [{}, {}, {}]
    sent: dict[str, dict[str, Any]] = {}
    stop = threading.Event()
    names = ("inspector", "inspector2", "supervisor")
    lines = [town.line(name, f"d-{name}") for name in names]

    def work(line: HttpLine, no: int) -> None:
        while not stop.is_set():
            changes = [issue(title=f"第{no}号") for _ in range(5)]
            sent.update({c["id"]: c for c in changes})
            try:
                body = envelope(changes)
                answer = orjson.loads(line.exchange(body))
            except (NoLine, Refused):
                time.sleep(0.05)
                continue
            acknowledged[no].update({o["id"]: o for o in answer["push"][0]["outcomes"]})

    threads = [threading.Thread(target=work, args=(line, no)) for no, line in enumerate(lines)]
    for thread in threads:
        thread.start()
    rnd = random.Random(11)
    for _ in range(4):
        time.sleep(0.3 + rnd.random() / 2)
        town.server.kill()
        town.server.restart()
    stop.set()
    for thread in threads:
        thread.join()
    assert sum(map(len, acknowledged)) > 20
    for line, mine in zip(lines, acknowledged, strict=True):
        for start in range(0, len(mine), 100):
            batch = [sent[c] for c in list(mine)[start : start + 100]]
            for outcome in orjson.loads(line.exchange(envelope(batch)))["push"][0]["outcomes"]:
                assert outcome["replay"] is True
                assert outcome["receipt"] == mine[outcome["id"]]["receipt"]
    with town.line("inspector", "d-inspector") as line:
        items = {i["id"] for i in queue(line, dossier=DOSSIER)}
        assert {sent[c]["record"] for mine in acknowledged for c in mine} <= items
        proof = line.request("GET", f"/api/v1/dossiers/{DOSSIER}/verification").json()
        assert proof["fault"] is None
    for line in lines:
        line.close()


def envelope(changes: list[dict[str, Any]]) -> bytes:
    push = [{"dossier": DOSSIER, "epoch": 1, "changes": changes}]
    return orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": push})


def test_killing_the_server_during_uploads_loses_no_acknowledged_byte(town: Town, tmp_path: Path) -> None:
    phone = Replica(tmp_path / "phone.db", kinds=journal().kinds, clock=Clock(), new_id=new_id)
    album = [jpeg(f"hsl({i * 30},70%,50%)") + random.Random(i).randbytes(3_000_000) for i in range(4)]
    line = town.line("inspector", "phone")
    phone.sync(line)
    finding = phone.create(DOSSIER, "issue", {n: {"set": v} for n, v in ISSUE.items()})
    for i, data in enumerate(album):
        take(phone, finding, tmp_path / f"{i}.jpg", data)
    held: dict[str, int] = {}
    rnd = random.Random(5)
    for _attempt in range(40):
        killer = threading.Timer(rnd.random() * 0.25, town.server.kill)
        killer.start()
        with contextlib.suppress(NoLine, Refused):
            phone.sync(line)
            send_what_is_kept(phone, line, held)
        killer.cancel()
        killer.join()
        if not alive(line):
            town.server.restart()
        phone.sync(line)
        if not phone.awaiting_bytes():
            break
    assert not phone.awaiting_bytes() and phone.unsent() == {}
    with town.line("supervisor") as desk:
        one = desk.request("GET", f"/api/v1/issues/{finding}").json()
        assert one["evidence"] == {"stored": 4, "total": 4}
        home = [desk.request("GET", p["original"]).content for p in one["photos"]]
        assert sorted(home) == sorted(album)
    line.close()
    phone.close()


def take(phone: Replica, finding: str, path: Path, data: bytes) -> None:
    """A photograph of the finding, saved on the phone."""
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    values = {
        "subject": finding,
        "sha256": digest,
        "size": len(data),
        "mime": "image/jpeg",
        "taken_at": ISSUE["found_at"],
    }
    photo = phone.create(DOSSIER, "photo", {n: {"set": v} for n, v in values.items()})
    phone.attach(DOSSIER, photo, path, digest, "image/jpeg")


def send_what_is_kept(phone: Replica, line: HttpLine, held: dict[str, int]) -> None:
    """Upload, and hold the server to every offset it acknowledged."""
    for media in phone.awaiting_bytes():
        photo = media["photo"]

        def note(offset: int, photo: str = photo) -> None:
            assert offset >= held.get(photo, 0)
            held[photo] = offset

        line.upload(
            Path(media["path"]),
            dossier=DOSSIER,
            photo=photo,
            sha256=media["sha256"],
            mime=media["mime"],
            name=media["name"],
            progress=note,
        )


def alive(line: HttpLine) -> bool:
    try:
        return line.request("GET", "/healthz").status_code == 200
    except NoLine:
        return False


def test_a_client_written_by_others_uploads_in_pieces_and_resumes(town: Town, tmp_path: Path) -> None:
    line = town.line("inspector", "tuspy")
    data = jpeg() + random.Random(3).randbytes(300_000)
    path = tmp_path / "照片.jpg"
    path.write_bytes(data)
    photo = create(
        "photo",
        {
            "subject": new_id(),
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            "mime": "image/jpeg",
            "taken_at": ISSUE["found_at"],
        },
    )
    line.exchange(envelope([photo]))
    token = line._client.headers["Authorization"]
    client = TusClient(f"{town.server.url}/api/v1/uploads", headers={"Authorization": token})
    metadata = {
        "dossier": DOSSIER,
        "record": photo["record"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "filename": path.name,
    }
    first = client.uploader(str(path), chunk_size=64 * 1024, metadata=metadata, upload_checksum=True)
    first.upload_chunk()
    second = client.uploader(str(path), chunk_size=64 * 1024, metadata=metadata, url=first.url)
    assert second.offset == 64 * 1024
    second.upload()
    said = line.request("GET", f"/api/v1/photos/{photo['record']}").json()
    assert said["stored"] and line.request("GET", said["original"]).content == data
    wrong = client.uploader(str(path), metadata=metadata | {"sha256": "0" * 64, "record": new_id()})
    with pytest.raises(TusCommunicationError) as refused:
        wrong.upload()
    assert refused.value.status_code == 422
    assert json.loads(refused.value.response_content)["code"] == "digest-mismatch"
    line.close()


def test_sign_in_works_over_http_with_a_real_password(town: Town) -> None:
    with HttpLine(town.server.url) as line:
        with pytest.raises(Refused, match="wrong-password"):
            line.sign_in("inspector", "wrong", "test")
        assert line.sign_in("inspector", PASSWORD, "test")["user"]["name"] == "李建国"
