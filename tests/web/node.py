"""Node and the packages of web/, from Python; and a device that a test gives orders to."""

import base64
import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parents[2] / "web"
BIN = Path(sysconfig.get_path("scripts"))
ENV = {
    **os.environ,
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


def node(*arguments: str, timeout_s: float = 300) -> "subprocess.CompletedProcess[str]":
    """Run a program of web/ there; its output is the answer, whatever its exit code."""
    if not (WEB / "node_modules").is_dir():
        raise RuntimeError("web/ has no packages yet; run `make phone`")
    return subprocess.run(
        [BIN / "node", *arguments],
        cwd=WEB,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class Refused(Exception):
    """The device could not do it; `code` is the house's, where it was the house that refused."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["error"])
        self.code = told.get("code")


class Device:
    """web/sync in a process of its own, signed in by a token; its storage lasts as long as the process."""

    def __init__(self, url: str, token: str, name: str) -> None:
        self._process = subprocess.Popen(
            [BIN / "node", WEB / "sync" / "tests" / "device.ts", url, token, name],
            cwd=WEB,
            env=ENV,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def order(self, do: str, **said: Any) -> Any:
        """One order, one answer. Raises Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **said}) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        if "error" in told:
            raise Refused(told)
        return told["done"]

    def photo(self, dossier: str, subject: str, photo: str, data: bytes) -> str:
        """Take a photograph of a record; its digest."""
        sent = base64.b64encode(data).decode()
        digest: str = self.order("photo", dossier=dossier, record=subject, photo=photo, base64=sent)
        return digest
