"""Pages that want no sign-in: what a paper's and a watermark's code lead to, and the API's page."""

from collections.abc import Iterator

import orjson

from server.demo.stories import SITE
from sync.line import HttpLine
from tests.journeys.conftest import PASSWORD
from tests.server.test_photos import photo
from tests.support.house import jpeg, new_id
from tests.web.desk import Desk
from tests.web.files import ISSUE


def addresses(url: str) -> dict[str, str]:
    """One of each kind that the demonstration has, by what it shows."""
    with HttpLine(url) as line:
        line.sign_in("supervisor", PASSWORD, "shots-open")
        shown = line.request("GET", f"/api/v1/issues/{ISSUE}", params={"dossier": SITE}).json()
        stored = next(one for one in shown["photos"] if one["stored"])
        papers = line.request("GET", "/api/v1/notices").json()["items"]
        numbered = next(one for one in papers if one["number"])
        paper = line.request(
            "GET", f"/api/v1/notices/{numbered['id']}", params={"dossier": numbered["dossier"]}
        )
        # A record whose bytes have not come, of nothing that another walk shows.
        awaited = photo(jpeg("teal"))
        line.sign_in("inspector2", PASSWORD, "shots-open")
        push = [{"dossier": SITE, "epoch": 1, "changes": [awaited]}]
        line.exchange(orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": push}))
    head = awaited["fields"]["sha256"]["set"][:16]
    return {
        "photo-stored": f"/open/photos/{stored['id']}/{stored['sha256'][:16]}",
        "photo-awaited": f"/open/photos/{awaited['record']}/{head}",
        "photo-absent": f"/open/photos/{new_id()}/{head}",
        "paper": f"/open/n/{paper.json()['body']['token']}",
        "paper-unknown": "/open/n/0000000000000000000000",
        "api": "/api/docs",
    }


def each(desk: Desk) -> Iterator[str]:
    """Opens one after the other; answers what it shows."""
    for shown, path in addresses(desk.url).items():
        desk.page.goto(f"{desk.url}{path}")
        yield shown
