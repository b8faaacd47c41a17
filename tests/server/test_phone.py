"""The phone's pages as the house serves them: only what was built, under a policy that lets in no more."""

import gzip
import re
from pathlib import Path

import pytest

from server.phone import routes
from tests.support.house import House


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the build leaves it."""
    folder = tmp_path / "phone"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>巡检</title>", "utf-8")
    (folder / "sw.js").write_text("// worker")
    (folder / "assets" / "index-abc.js").write_text("console")
    (folder / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(b"console"))
    (folder / "manifest.webmanifest").write_text("{}")
    monkeypatch.setattr(routes, "FOLDER", folder)
    return folder


def test_the_page_and_its_files_may_do_nothing_but_their_own(house: House, built: Path) -> None:
    client = house.app.test_client()
    for name, kind in (
        ("", "text/html"),
        ("sw.js", "text/javascript"),
        ("assets/index-abc.js", "text/javascript"),
        ("manifest.webmanifest", "application/manifest+json"),
    ):
        answer = client.get(f"/phone/{name}")
        assert (answer.status_code, answer.mimetype) == (200, kind), name
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy
        assert not re.search(r"unsafe|\*|https?:|data:", policy), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and "Set-Cookie" not in answer.headers


def test_what_has_a_digest_in_its_name_is_kept_and_all_else_is_asked_for_again(
    house: House, built: Path
) -> None:
    client = house.app.test_client()
    assert "immutable" in client.get("/phone/assets/index-abc.js").headers["Cache-Control"]
    for name in ("", "sw.js", "manifest.webmanifest"):
        answer = client.get(f"/phone/{name}")
        assert answer.headers["Cache-Control"] == "no-cache", name
        again = client.get(f"/phone/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_a_packed_copy_goes_to_who_can_unpack_it(house: House, built: Path) -> None:
    client = house.app.test_client()
    packed = client.get("/phone/assets/index-abc.js", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/phone/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert (
        packed.headers["Content-Encoding"] == "gzip"
        and gzip.decompress(packed.data) == plain.data == b"console"
    )
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_nothing_but_what_was_built_can_be_had(house: House, built: Path) -> None:
    client = house.app.test_client()
    above = ("..%2fapp.py", "../routes.py", "assets/../../secret", "%2fetc%2fpasswd", "..%5capp.py")
    for name in ("x", "assets/", "assets", "index-abc.js", "assets/index-abc.js.gz", "sw.js/", *above):
        answer = client.get(f"/phone/{name}", follow_redirects=True)
        assert answer.status_code == 404, (name, answer.status_code)
        assert answer.json["code"] == "not-found", name


def test_a_new_build_is_served_at_once(house: House, built: Path) -> None:
    client = house.app.test_client()
    assert client.get("/phone/late.js").status_code == 404
    (built / "late.js").write_text("1")
    assert client.get("/phone/late.js").data == b"1"


def test_a_file_that_a_build_takes_away_meanwhile_is_not_there(house: House, built: Path) -> None:
    client = house.app.test_client()
    assert client.get("/phone/assets/index-abc.js").status_code == 200
    (built / "assets" / "index-abc.js").unlink()  # deep in the tree: the folder's own time stands
    answer = client.get("/phone/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_a_house_whose_phone_is_not_built_says_what_to_do(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "FOLDER", tmp_path / "nowhere")
    answer = house.app.test_client().get("/phone/")
    assert answer.status_code == 404 and "make phone" in answer.json["detail"]
