"""`xunjian replay FOLDER`: a day on a site, played by a device against a running server."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from uuid_utils import uuid7

from media.intake import IMAGES, SNIFF, signature
from sync.line import HttpLine, NoLine, Refused
from sync.replica import Replica

from . import catalogue
from .config import Config
from .demo.commands import demo_password

console = Console()
NAMESPACE = uuid.UUID("3c0a6a3e-6c3f-5b6e-9a5d-7d1d3c6c9a10")
PHOTOS_AN_ISSUE = 3
# What an inspector might find on one round, in this order; it starts over on long days.
FINDINGS = (
    ("edge", "serious", "基坑北侧临边防护栏杆缺失", "立即恢复1.2米高防护栏杆并挂密目网"),
    ("scaffold", "serious", "外架连墙件被拆除未恢复", "按方案恢复连墙件并验收挂牌"),
    ("electricity", "general", "二级配电箱未上锁、无责任人", "配齐锁具和责任人标牌，落实巡检"),
    ("dust", "general", "土方作业面未苫盖，未开雾炮", "作业面全部苫盖，作业时同步喷雾"),
    ("lifting", "major", "塔吊力矩限制器失灵仍在吊装", "立即停用，维修检测合格后方可恢复"),
    ("fire", "general", "消防通道堆放材料", "当日清空并划线禁停"),
    ("formwork", "serious", "模板支架扫地杆缺失", "补齐扫地杆、剪刀撑，验收后浇筑"),
    ("height", "general", "作业人员未系安全带", "停止高处作业，教育后持证上岗"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph of the folder."""

    path: Path
    sha256: str
    mime: str


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--url", help="Server; default http://<XUNJIAN_BIND>.")
@click.option("--username", default="inspector", show_default=True)
@click.option("--password", envvar="XUNJIAN_DEMO_PASSWORD", help="Default: the demo's.")
@click.option("--dossier", help="Project dossier; default: the first one granted.")
@click.option("--state", type=click.Path(path_type=Path), help="The device's database; it resumes.")
def replay(
    folder: Path,
    url: str | None,
    username: str,
    password: str | None,
    dossier: str | None,
    state: Path | None,
) -> None:
    """回放 Play a folder of photographs as an inspector's day; run it again and it resumes."""
    config = Config.from_environment()
    url = url or f"http://{config.bind}"
    state = state or config.staging.parent / "replay.db"
    state.parent.mkdir(parents=True, exist_ok=True)
    pictures = list(found(folder))
    if not pictures:
        raise click.ClickException(f"There is no photograph in {folder}.")
    kinds = catalogue.journal().kinds
    device = Replica(state, kinds=kinds, clock=_now, new_id=lambda: str(uuid7()), device="replay")
    try:
        with HttpLine(url) as line:
            line.sign_in(username, password or demo_password(config), "replay")
            device.sync(line)
            where = dossier or _first_project(device)
            a_day(device, where, pictures, folder)
            console.print(f"{where}: {device.unsent() or 'nothing'} to send")
            device.sync(line)
            send_bytes(device, line)
            device.sync(line)
            if not report(device, line, where, pictures):
                raise click.ClickException("Not everything is home; see the table.")
    except NoLine as away:
        raise click.ClickException(
            f"{url} does not answer ({away}). All work is kept in {state}: "
            "start the server and run the same command again."
        ) from None
    except Refused as said:
        hint = " The demo's password is in demo-password beside the data." if said.status == 401 else ""
        raise click.ClickException(f"{said}{hint}") from None
    finally:
        device.close()


def _now() -> datetime:
    return datetime.now(UTC)


def found(folder: Path) -> Iterator[Picture]:
    """The photographs of a folder, by their signature and not by their names."""
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        data = path.read_bytes()
        mime = signature(data[:SNIFF])
        if mime is not None and mime in IMAGES:
            yield Picture(path, hashlib.sha256(data).hexdigest(), mime)


def _first_project(device: Replica) -> str:
    rows = device.db.execute("SELECT dossier FROM epochs WHERE dossier LIKE 'project:%' ORDER BY dossier")
    row = rows.fetchone()
    if row is None:
        raise click.ClickException("No project is granted to this person.")
    return str(row[0])


def a_day(device: Replica, dossier: str, pictures: list[Picture], folder: Path) -> None:
    """One inspection, an issue for every few photographs; saved on the device, no line needed."""
    seen = device.view(dossier)
    day = f"{folder.resolve()}|{dossier}"
    visit = _named(day, "inspection")
    began = _now() - timedelta(hours=4)
    if visit not in seen:
        fields = {
            "inspection_type": {"set": "routine"},
            "arrived_at": {"set": began.isoformat(timespec="seconds")},
            "part": {"set": "全场巡查"},
            "conclusion": {"set": "rectify"},
            "note": {"set": f"离线巡查，拍照{len(pictures)}张，发现问题现场告知总包单位。"},
        }
        device.create(dossier, "inspection", fields, record=visit)
    for index, start in enumerate(range(0, len(pictures), PHOTOS_AN_ISSUE)):
        issue = _named(day, f"issue {index}")
        at = began + timedelta(minutes=15 * index)
        if issue not in seen:
            _find(device, dossier, issue, visit, index, at)
        for picture in pictures[start : start + PHOTOS_AN_ISSUE]:
            _photograph(device, dossier, issue, picture, at, seen)


def _find(device: Replica, dossier: str, issue: str, visit: str, index: int, at: datetime) -> None:
    domain, severity, title, demand = FINDINGS[index % len(FINDINGS)]
    fields: dict[str, Any] = {
        "title": title,
        "domain": domain,
        "severity": severity,
        "description": f"{title}。现场拍照取证，已口头告知现场负责人。",
        "demand": demand,
        "found_at": at.isoformat(timespec="seconds"),
        "inspection": visit,
        "due_on": (at + timedelta(days=3)).date().isoformat(),
    }
    device.create(dossier, "issue", {n: {"set": v} for n, v in fields.items()}, record=issue)


def _photograph(
    device: Replica,
    dossier: str,
    issue: str,
    picture: Picture,
    at: datetime,
    seen: dict[str, Any],
) -> None:
    photo = _named(issue, picture.sha256)
    if photo not in seen:
        fields = {
            "subject": issue,
            "sha256": picture.sha256,
            "size": picture.path.stat().st_size,
            "mime": picture.mime,
            "name": picture.path.name,
            "taken_at": at.isoformat(timespec="seconds"),
            "phase": "before",
        }
        device.create(dossier, "photo", {n: {"set": v} for n, v in fields.items()}, record=photo)
    device.attach(dossier, photo, picture.path, picture.sha256, picture.mime)


def _named(*key: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "|".join(key)))


def send_bytes(device: Replica, line: HttpLine) -> None:
    """Upload what the server does not hold yet, with a bar that counts what it has acknowledged."""
    waiting = device.awaiting_bytes()
    columns = (TextColumn("照片 photos"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=sum(m["size"] for m in waiting))
        done = 0
        for media in waiting:
            line.upload(
                Path(media["path"]),
                dossier=media["dossier"],
                photo=media["photo"],
                sha256=media["sha256"],
                mime=media["mime"],
                name=media["name"],
                progress=lambda held, before=done: progress.update(task, completed=before + held),  # type: ignore[misc]
            )
            device.note_stored(media["photo"])
            done += media["size"]
            progress.update(task, completed=done)


def report(device: Replica, line: HttpLine, dossier: str, pictures: list[Picture]) -> bool:
    """What the supervisor's queue shows of the day: each photograph read back and held to its digest."""
    table = Table(title=f"{dossier}: 照片核验 photographs read back")
    for column in ("文件 file", "SHA-256", "入库 stored", "原图 original", "缩略图 thumbnail"):
        table.add_column(column)
    shown = {p["sha256"]: p for issue in _queue(line, dossier) for p in issue["photos"]}
    good = True
    for picture in pictures:
        photo = shown.get(picture.sha256)
        if photo is None or not photo["stored"]:
            table.add_row(picture.path.name, picture.sha256[:12], "[red]未入库 missing", "", "")
            good = False
            continue
        data = line.request("GET", f"{photo['original']}&via=server").content
        same = hashlib.sha256(data).hexdigest() == picture.sha256
        good = good and same
        small = _thumbnail(line, photo["thumbnail"])
        table.add_row(picture.path.name, picture.sha256[:12], "✓", "✓" if same else "[red]✗", small)
    console.print(table)
    proof = line.request("GET", f"/api/v1/dossiers/{dossier}/verification").json()
    console.print(f"留痕校验 journal: {proof['entries']} entries, fault: {proof['fault'] or 'none'}")
    console.print(f"{len(pictures)} photographs, unsent: {device.unsent() or 'nothing'}")
    return good and proof["fault"] is None and not device.unsent()


def _queue(line: HttpLine, dossier: str) -> Iterator[dict[str, Any]]:
    page: str | None = ""
    while page is not None:
        wanted = {"dossier": dossier, "limit": "200"} | ({"page": page} if page else {})
        answer = line.request("GET", "/api/v1/issues", params=wanted).json()
        yield from answer["items"]
        page = answer["next"]


def _thumbnail(line: HttpLine, where: str) -> str:
    try:
        return f"✓ {len(line.request('GET', where).content) // 1024 + 1} kB"
    except Refused as said:
        return f"{said.code}: {said.details.get('reason', '')}"
