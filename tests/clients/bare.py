"""The tus front alone behind gunicorn: no office, so that a file may be empty and say nothing of itself.

ROOT is a folder for what arrives, LIFETIME_S how long an upload may take.
"""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

from media.errors import MediaError
from media.staging import Upload
from media.tus import Tus
from media.uploads import Limits, Uploads

ROOT = Path(os.environ["ROOT"])
LIFETIME = timedelta(seconds=float(os.environ["LIFETIME_S"]))
TUS = Tus(Uploads(ROOT / "staging", lambda: datetime.now(UTC), Limits(lifetime=LIFETIME)))


def keep(upload: Upload) -> None:
    (ROOT / upload.id).write_bytes(upload.path.read_bytes())


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    request = Request(environ)
    name = request.path.removeprefix("/files").strip("/") or None
    try:
        answer = TUS.answer(request.method, name, dict(request.headers), request.stream.read, "d", keep)
    except MediaError as refusal:
        return Response(refusal.code, refusal.status, refusal.headers)(environ, start_response)
    out = Response(status=answer.status, headers=answer.headers)
    if answer.location_id is not None:
        out.headers["Location"] = f"{request.host_url}files/{answer.location_id}"
    return out(environ, start_response)


def site(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/healthz":
        return Response("ok")(environ, start_response)
    return application(environ, start_response)
