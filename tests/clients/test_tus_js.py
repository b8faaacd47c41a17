"""tus-js-client, the browsers' client, against the house as `xunjian serve` starts it."""

import hashlib
import json
from typing import Any

import pytest

from tests.clients.conftest import PIECE, Camera

pytestmark = pytest.mark.journey
ROADS: dict[str, dict[str, Any]] = {
    "in one piece": {},
    "in pieces": {"chunkSize": PIECE},
    "creation with upload": {"uploadDataDuringCreation": True},
    "creation with upload in pieces": {"uploadDataDuringCreation": True, "chunkSize": PIECE},
    "deferred length": {"uploadLengthDeferred": True, "chunkSize": PIECE},
    "no PATCH on the way": {"overridePatchMethod": True, "chunkSize": PIECE},
}


def test_it_brings_photographs_to_rest_by_every_road_it_knows(camera: Camera) -> None:
    for road, options in ROADS.items():
        # A photograph as phones take them, and no client cuts it up unasked.
        path, said = camera.take(200_000 if "chunkSize" in options else 5_000_000)
        report = camera.send(path, metadata=said, **options)
        assert report["error"] is None, (road, report)
        assert camera.rests(path), road
        methods = [method for method, _ in report["asked"]]
        assert ("PATCH" in methods) == (road not in ("no PATCH on the way", "creation with upload")), road
        assert len(methods) > 3 or "chunkSize" not in options, road


def test_it_resumes_gives_up_and_begins_again_what_expired(camera: Camera) -> None:
    path, said = camera.take()
    half = camera.send(path, metadata=said, chunkSize=PIECE, stopAfter=2 * PIECE)
    assert half["accepted"] >= 2 * PIECE and not camera.rests(path)
    report = camera.send(path, metadata=said, chunkSize=PIECE, uploadUrl=half["url"])
    assert report["asked"][0] == ["HEAD", 200] and len(report["asked"]) <= 3  # what was held is not sent
    assert report["error"] is None and camera.rests(path)

    path, said = camera.take()
    ended = camera.send(path, metadata=said, chunkSize=PIECE, stopAfter=PIECE, terminate=True)
    assert ended["asked"][-1] == ["DELETE", 204]
    assert not list((camera.folder / "staging").rglob("*.part"))

    path, said = camera.take()
    half = camera.send(path, metadata=said, chunkSize=PIECE, stopAfter=PIECE)
    [note] = (camera.folder / "staging").rglob(f"{half['url'].rpartition('/')[2]}.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {"expires_at": "2020-01-01T00:00:00+00:00"}))
    report = camera.send(path, metadata=said, uploadUrl=half["url"])
    assert report["asked"][:2] == [["HEAD", 410], ["POST", 201]]
    assert report["error"] is None and camera.rests(path)


def test_it_is_told_in_words_what_the_house_does_not_take(camera: Camera) -> None:
    path, said = camera.take()
    refusals = []
    for metadata in ({}, said | {"sha256": "0" * 64}):
        refusals.append(camera.send(path, metadata=metadata, retryDelays=[])["error"])
    path.write_bytes(b"")
    said["sha256"] = hashlib.sha256(b"").hexdigest()
    refusals.append(camera.send(path, metadata=said, retryDelays=[])["error"])
    codes = [json.loads(refusal["body"])["code"] for refusal in refusals]
    assert codes == ["bad-metadata", "digest-mismatch", "empty-file"]
