"""A phone's sender that never gives up, and keeps account of what it was promised."""

import base64
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from sync.line import TUS, HttpLine, NoLine, Refused
from tests.support.house import create, new_id

from .serving import WJ

OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}
PATIENCE_S = 300
PAUSE_S = 0.05


@dataclass
class Photo:
    """A photograph as it was taken, and its record."""

    data: bytes
    name: str = "图 1.jpg"
    record: str = field(default_factory=new_id)
    subject: str = field(default_factory=new_id)
    size: int | None = None  # what the record says, where that is not the truth
    mime: str = "image/jpeg"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def kind(self) -> str:
        """What its record is: a video may have more bytes."""
        return "photo" if self.mime.startswith("image/") else "attachment"

    def change(self) -> dict[str, Any]:
        """The change that creates its record."""
        values = {"subject": self.subject, "sha256": self.digest, "name": self.name}
        more = {"size": self.size or len(self.data)} | {
            "mime": self.mime,
            "taken_at": "2026-11-21T10:05:00+08:00",
        }
        return create(self.kind, values | more, record=self.record)


class Sender:
    """One signed-in device. `interrupted` counts requests without an answer."""

    def __init__(self, url: str, token: str, *, piece: int = 512 * 1024, pause_s: float = 0) -> None:
        self.line = HttpLine(url, timeout_s=20)
        self.line._client.headers["Authorization"] = f"Bearer {token}"
        self.piece, self.pause_s, self.interrupted = piece, pause_s, 0

    def push(self, *changes: dict[str, Any]) -> list[dict[str, Any]]:
        """The outcomes, however often it had to be said."""
        body = {"protocol": 1, "schema": 1, "no": 1}
        data = orjson.dumps(body | {"push": [{"dossier": WJ, "epoch": 1, "changes": changes}]})
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return orjson.loads(self.line.exchange(data))["push"][0]["outcomes"]
            except (NoLine, Refused) as why:
                self._wait(why, until)

    def send(self, photo: Photo) -> str:
        """Until its bytes rest (`stored`) or the house says that it will not have them (the code).

        `store-unavailable` means that all bytes were taken over and the phone is done. Raises
        AssertionError where a byte that was acknowledged is asked for again.
        """
        held, until = 0, time.monotonic() + PATIENCE_S
        while True:
            try:
                where = self._begin(photo)
                offset = int(self.line.request("HEAD", where, headers=TUS).headers["Upload-Offset"])
                assert offset >= held, f"{held} bytes were acknowledged, {offset} are here"
                while offset < len(photo.data):
                    time.sleep(self.pause_s)
                    held = offset = self._patch(where, offset, photo.data[offset : offset + self.piece])
                return "stored"
            except (NoLine, Refused) as why:
                if isinstance(why, Refused) and (why.remedy != "retry" or why.code == "store-unavailable"):
                    return why.code
                if isinstance(why, Refused) and why.code == "digest-mismatch":
                    held = 0  # all of it was taken back, in words
                self._wait(why, until)

    def _begin(self, photo: Photo) -> str:
        said = {"dossier": WJ, "record": photo.record, "sha256": photo.digest, "filename": photo.name}
        packed = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        headers = TUS | {"Upload-Length": str(len(photo.data)), "Upload-Metadata": packed}
        return httpx.URL(
            self.line.request("POST", "/api/v1/uploads", headers=headers).headers["Location"]
        ).path

    def _patch(self, where: str, offset: int, piece: bytes) -> int:
        headers = OCTETS | {"Upload-Offset": str(offset)}
        answer = self.line.request("PATCH", where, content=piece, headers=headers)
        return int(answer.headers["Upload-Offset"])

    def _wait(self, why: Exception, until: float) -> None:
        if isinstance(why, Refused) and why.remedy != "retry":
            raise why
        if time.monotonic() > until:
            raise why
        self.interrupted += 1
        time.sleep(PAUSE_S)
