"""The supervisors' page at /desk/ as `make phone` has built it, and the way there from the front door."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect

from server import pages
from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint
from server.office import office

blueprint = Blueprint("desk", __name__)
FOLDER = ROOT / "web" / "dist" / "desk"


def _headers() -> dict[str, str]:
    # For the map's own measuring of letters (web/desk/trusted.ts), for videos and spoken notes, and for what
    # lies under the map.
    tiles = urlsplit(office().config.tiles_url or "")
    origin = f"{tiles.scheme}://{tiles.netloc}" if tiles.netloc else ""
    return pages.headers("trusted-types default", "media-src blob:", pictures=origin)


@endpoint(
    blueprint,
    "/",
    may=ANYONE,
    summary="首页 The front door leads to the desk",
    status=302,
    media_type="text/html",
)
def front_door(call: Call) -> Any:  # noqa: ARG001
    """To /desk/."""
    return redirect("/desk/", Response=Response)


@endpoint(
    blueprint,
    "/desk/",
    may=ANYONE,
    summary="监督工作台 The supervisors' page",
    media_type="text/html",
    refusals=("not-found",),
    headers=("If-None-Match", "Accept-Encoding"),
)
def desk(call: Call) -> Any:  # noqa: ARG001
    """It holds no data: everything on it comes through the API with the reader's own token."""
    return pages.file(FOLDER, pages.PAGE, _headers())


@endpoint(
    blueprint,
    "/desk/<path:name>",
    may=ANYONE,
    summary="工作台文件 A file of the supervisors' page",
    refusals=("not-found",),
    media_type="*/*",
    headers=("If-None-Match", "Accept-Encoding"),
)
def desk_file(call: Call, name: str) -> Any:  # noqa: ARG001
    """Script, style and mark."""
    return pages.file(FOLDER, name, _headers())
