"""Bad bytes through the door: a refusal in words or evidence that cannot be shown, never our own fault."""

import pytest

from tests.media.test_picture_sizes import png_that_claims
from tests.server.test_photos import WJ, photo, upload
from tests.support.house import House, jpeg

HTML = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    "data", [HTML, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF89a..."]
)
def test_another_file_under_a_photograph_s_name_is_refused(site: House, data: bytes) -> None:
    li = site.desk("li")
    record = photo(data, name="现场.jpg")
    li.push(WJ, record)
    answer = upload(li, record["record"], data, filename="现场.jpg")
    assert (answer.status_code, answer.json["code"]) == (415, "not-an-image")


@pytest.mark.parametrize(
    "data",
    [png_that_claims(50_000, 50_000), jpeg()[:300], b"\xff\xd8\xff" + HTML, b"RIFF\x10\0\0\0WEBP" + HTML],
    ids=["bomb", "truncated", "HTML behind a JPEG's mark", "HTML behind a WebP's mark"],
)
def test_what_cannot_be_shown_is_kept_and_every_face_says_so(site: House, data: bytes) -> None:
    li = site.desk("li")
    record = photo(data)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    path = f"/api/v1/photos/{record['record']}"
    for face in ("/rendition/watermark", "/thumbnail", "/rendition/320", "/rendition/1600"):
        answer = li.call("GET", path + face)
        assert (answer.status_code, answer.json["code"]) == (404, "no-picture")
    assert li.get(path)["exif"] is None
    assert site.desk("zhang").get(f"{path}/alike")["items"] == []
    original = li.call("GET", f"{path}/original")
    assert original.data == data and original.headers["X-Content-Type-Options"] == "nosniff"
