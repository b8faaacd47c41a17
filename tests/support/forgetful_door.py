"""A door before a real S3 store that takes all that is said of locks, and forgets it: some stores do."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.ports import LOOPBACK
from tests.support.s3_server import KEY, SECRET

LOCK = "x-amz-object-lock"
OWN = ("host", "authorization", "x-amz-date", "connection", "content-length", "accept-encoding")


@contextmanager
def forgetful_door(port: int) -> Iterator[str]:
    """The address of a store that is the one behind `port` in all but its locks."""
    door = ThreadingHTTPServer((LOOPBACK, 0), _Forgetful)
    door.daemon_threads = True
    door.store = f"http://{LOOPBACK}:{port}"  # type: ignore[attr-defined]
    Thread(target=door.serve_forever, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{door.server_address[1]}"
    finally:
        door.shutdown()
        door.server_close()


class _Forgetful(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in OWN and not name.lower().startswith(LOCK)
        }
        asked = AWSRequest(self.command, self.server.store + self.path, headers=kept, data=body)  # type: ignore[attr-defined]
        # What was signed is no longer what is said.
        S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(asked)
        told = httpx.request(
            self.command, asked.url, headers=dict(asked.headers.items()), content=body, trust_env=False
        )
        self.send_response(told.status_code)
        for name, value in told.headers.items():
            if name not in ("content-length", "transfer-encoding", "content-encoding", "connection"):
                self.send_header(name, value)
        size = told.headers.get("content-length") if self.command == "HEAD" else len(told.content)
        self.send_header("Content-Length", str(size or 0))
        self.end_headers()
        self.wfile.write(told.content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

    def log_message(self, *_said: Any) -> None:
        """Nothing to tell."""
