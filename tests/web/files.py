"""Files under an issue of the demonstration: a film, a plan, and a photograph that a browser may not show."""

import base64
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from PIL import Image
from playwright.sync_api import Page

from server.demo.actions import named
from server.demo.stories import DRAWN, SITE
from sync.line import HttpLine
from tests.journeys.conftest import PASSWORD
from tests.media.test_heic import heic
from tests.support.house import create

# A moving picture of this browser's own making, in base64.
FILM = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const pen = canvas.getContext("2d");
  const filmed = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
  const parts = [];
  filmed.ondataavailable = ({ data }) => parts.push(data);
  const over = new Promise((ok) => (filmed.onstop = ok));
  filmed.start();
  for (let n = 0; n < 20; n += 1) {
    pen.fillRect(n, n, 9, 9);
    await new Promise((ok) => setTimeout(ok, 25));
  }
  filmed.stop();
  await over;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""


# The issue over whose first photograph something is drawn (server/demo/stories.py).
ISSUE = str(named(DRAWN[0]))
PLAN = "临边防护专项方案.pdf"


def lay(url: str, page: Page) -> None:
    """Put them there; of a second film only the record has come, and they are there already for who walks
    through the house after another.
    """
    with HttpLine(url) as line, TemporaryDirectory() as folder:
        line.sign_in("inspector2", PASSWORD, "shots-files")
        there = line.request("GET", f"/api/v1/issues/{ISSUE}", params={"dossier": SITE}).json()
        if there["attachments"]:
            return
        film = base64.b64decode(page.evaluate(FILM))
        plan = b"%PDF-1.7\n%%EOF"
        picture = heic(Image.new("RGB", (1200, 900), "#8a94a6"))
        for kind, mime, name, data in (
            ("attachment", "video/webm", "护栏晃动.webm", film),
            ("attachment", "application/pdf", PLAN, plan),
            ("photo", "image/heic", "IMG_0042.HEIC", picture),
            ("attachment", "video/mp4", "塔吊全景.mp4", b""),
        ):
            _put(line, Path(folder) / name, kind, mime, data)


def _put(line: HttpLine, path: Path, kind: str, mime: str, data: bytes) -> None:
    """One of them: the record, and its bytes where there are any."""
    sha256 = hashlib.sha256(data or path.name.encode()).hexdigest()
    said: dict[str, Any] = {"subject": ISSUE, "sha256": sha256, "size": len(data) or 48_300_000, "mime": mime}
    made = create(kind, said | {"name": path.name, "taken_at": "2026-11-20T10:15:00+08:00"})
    push = [{"dossier": SITE, "epoch": 1, "changes": [made]}]
    line.exchange(orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": push}))
    if data:
        path.write_bytes(data)
        line.upload(path, dossier=SITE, photo=made["record"], sha256=sha256, mime=mime, name=path.name)
