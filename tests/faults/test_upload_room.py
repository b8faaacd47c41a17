"""Large uploads side by side, and a staging disk that is full: memory is bounded, nothing is torn.

LARGE=16x100 (videos × MB) is the full size (`make uploads`).
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync.line import TUS, Refused
from tests.media.test_intake_door import MP4
from tests.support.databases import DatabaseFactory

from .goals import goal
from .senders import Photo, Sender
from .serving import Office, serving
from .test_uploads import picture, rests

LARGE, MB = map(int, os.environ.get("LARGE", "8x32").split("x"))
ABOVE_IDLE_MB = 200
SETTLED = 4  # processes: gunicorn's, two workers, the jobs
DISK = 8 * 1024 * 1024

LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""

pytestmark = pytest.mark.journey


def processes(leader: int) -> list[int]:
    """The server and its children."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(leader)], capture_output=True, text=True)
    children = [int(pid) for pid in found.stdout.split()]
    return [leader, *(pid for child in children for pid in processes(child))]


def resident_mb(office: Office) -> float:
    """What all of its processes hold; a page that two of them share counts twice."""
    assert office.server.pid is not None
    total = 0
    for pid in processes(office.server.pid):
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total / 1024


def idle_mb(office: Office) -> float:
    """What they hold once everything is loaded: the jobs' process begins after the door is open."""
    assert office.server.pid is not None
    before, deadline = 0.0, time.monotonic() + 60
    while time.monotonic() < deadline:
        held = resident_mb(office)
        if len(processes(office.server.pid)) >= SETTLED and held == before:
            return held
        before = held
        time.sleep(0.5)
    raise AssertionError("the server does not come to rest")


def test_large_uploads_side_by_side_do_not_pile_up_in_memory(
    factories: Callable[[str], DatabaseFactory], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = factories("sqlite").fresh()
    with serving(url, tmp_path) as office:
        photos = [Photo(MP4 + n.to_bytes(2) + bytes(MB * 1_000_000), mime="video/mp4") for n in range(LARGE)]
        senders = [
            Sender(office.server.url, office.token("li", f"large-{n}"), piece=MB * 2_000_000)
            for n in range(LARGE)
        ]
        senders[0].push(*(photo.change() for photo in photos))
        idle, seen, over = idle_mb(office), [0.0], threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                seen.append(resident_mb(office))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with ThreadPoolExecutor(LARGE) as pool:
                sent = list(pool.map(lambda one: one[0].send(one[1]), zip(senders, photos, strict=True)))
        finally:
            over.set()
            watcher.join()
        assert sent == ["stored"] * LARGE
        assert max(seen) - idle <= ABOVE_IDLE_MB
        assert rests(senders[0], photos[-1])
    factories("sqlite").dispose(url)
    with capsys.disabled():
        print(
            f"\nU7: {LARGE} × {MB} MB at once, {idle:.0f} MB idle, above it at most "
            f"{goal(max(seen) - idle, ABOVE_IDLE_MB, 'MB')}"
        )


def small_disk(staging: Path) -> list[str]:
    """A command inside which `staging` is a file system of 8 MiB; none where the kernel forbids that."""
    mount = f'mount -t tmpfs -o size={DISK} tmpfs "{staging}"'
    for how in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*how, "sh", "-c", mount], capture_output=True).returncode == 0
        ):
            return [*how, "sh", "-c", f'{mount} && exec "$@"', "sh"]
    return []


def test_a_full_staging_disk_is_507_and_the_upload_goes_on_when_there_is_room(
    factories: Callable[[str], DatabaseFactory], tmp_path: Path
) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    inside = small_disk(staging)
    if not inside:
        # The next best full disk that is real: no file may grow beyond this.
        inside = [sys.executable, "-c", LIMITED, str(DISK)]
    url = factories("sqlite").fresh()
    with serving(url, tmp_path, inside=inside) as office:
        sender = Sender(office.server.url, office.token("li", "full"), piece=16 * 1024 * 1024)
        other, photo = Photo(picture(1, 9_000_000)), Photo(picture(2, 6_000_000))
        sender.push(other.change(), photo.change())
        held = sender._begin(other)
        wheres = {held: other, sender._begin(photo): photo}
        with pytest.raises(Refused) as full:
            for where, one in wheres.items():
                sender._patch(where, 0, one.data)
        assert (full.value.status, full.value.code, full.value.remedy) == (507, "staging-full", "retry")
        kept = int(sender.line.request("HEAD", held, headers=TUS).headers["Upload-Offset"])
        assert 0 < kept < len(other.data) and kept % (1 << 20) == 0  # whole blocks, nothing torn
        with pytest.raises(Refused) as still:
            sender._patch(held, kept, other.data[kept:])
        assert still.value.code == "staging-full"
        assert int(sender.line.request("HEAD", held, headers=TUS).headers["Upload-Offset"]) >= kept
        assert sender.line.request("GET", "/api/v1/config").status_code == 200
        sender.line.request("DELETE", held, headers=TUS)
        assert sender.send(photo) == "stored" and rests(sender, photo)
    factories("sqlite").dispose(url)
