"""The line from a Python device to a server: sign-in, exchange, and photographs by tus 1.0."""

import base64
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from .packing import SMALLEST, packed

CHUNK = 4 * 1024 * 1024  # a lost reply costs at most this much to send again
TUS = {"Tus-Resumable": "1.0.0"}


class Refused(Exception):
    """The server answered with a problem body (RFC 9457): `status`, `code`, `remedy`, `detail`; where it
    said when to come again at the earliest (RFC 9110 §10.2.3), `retry_after_s`.
    """

    def __init__(self, answer: httpx.Response) -> None:
        try:
            body: dict[str, Any] = answer.json()
        except ValueError:
            body = {}
        self.status = answer.status_code
        self.code = str(body.get("code", "unknown"))
        self.remedy = str(body.get("remedy", "retry"))
        self.details: dict[str, Any] = body.get("details", {})
        asked = answer.headers.get("Retry-After", "")
        self.retry_after_s = float(asked) if asked.isdecimal() else None
        super().__init__(f"{self.status} {self.code}: {body.get('detail', answer.text[:200])}")


class NoLine(OSError):
    """No answer: the line or the server is away just now. Everything may be sent again."""


class HttpLine:
    """One signed-in device. `transport` lets tests speak to an application without a socket."""

    def __init__(
        self, url: str, *, timeout_s: float = 30, transport: httpx.BaseTransport | None = None
    ) -> None:
        # No proxies from the environment: a token goes to the server it was made for, directly.
        self._client = httpx.Client(base_url=url, timeout=timeout_s, transport=transport, trust_env=False)
        self.user: dict[str, Any] = {}

    def __enter__(self) -> "HttpLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the session stays valid."""
        self._client.close()

    def sign_in(self, username: str, password: str, device: str) -> dict[str, Any]:
        """Sign in; the token goes with every later request."""
        said = {"username": username, "password": password, "device": device}
        answer: dict[str, Any] = self.request("POST", "/api/v1/session", json=said).json()
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self.user = answer["user"]
        return answer

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request. Raises NoLine without an answer, Refused for a problem."""
        try:
            answer = self._client.request(method, path, **more)
        except httpx.TransportError as away:
            raise NoLine(str(away)) from away
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer

    def exchange(self, body: bytes) -> bytes:
        """One round trip of the sync protocol, packed both ways."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "zstd, gzip"}
        if len(body) >= SMALLEST:
            body, headers["Content-Encoding"] = packed(body, "zstd"), "zstd"
        return self.request("POST", "/api/v1/exchange", content=body, headers=headers).content

    def fetch(self, url: str) -> bytes:
        """A file that an answer has named, for instance a ready-made first load."""
        return self.request("GET", url).content

    def upload(
        self,
        path: Path,
        *,
        dossier: str,
        photo: str,
        sha256: str,
        mime: str,
        name: str,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Send a photograph's bytes from wherever the server stands; safe to call again.

        `progress` is told how many bytes the server holds.
        """
        said = {"dossier": dossier, "record": photo, "sha256": sha256, "filename": name, "mime": mime}
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        size = path.stat().st_size
        begun = self.request(
            "POST",
            "/api/v1/uploads",
            headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata},
        )
        where = httpx.URL(begun.headers["Location"]).path
        offset = int(self.request("HEAD", where, headers=TUS).headers["Upload-Offset"])
        with path.open("rb") as file:
            while offset < size:
                file.seek(offset)
                headers = TUS | {
                    "Upload-Offset": str(offset),
                    "Content-Type": "application/offset+octet-stream",
                }
                sent = self.request("PATCH", where, content=file.read(CHUNK), headers=headers)
                offset = int(sent.headers["Upload-Offset"])
                if progress is not None:
                    progress(offset)
