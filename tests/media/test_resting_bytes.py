"""Bytes at rest, in a folder and in an S3 store alike: created once, verified on the way."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from media.errors import BadKey, BlobUnknown, BytesDiffer, DigestMismatch
from media.files import FileStore
from media.s3 import ONE_PUT, S3Store
from media.store import Store, original_key, rendition_key, sidecar_key
from tests.media.sender import sha256
from tests.support.seaweed import client

DATA = b"evidence " * 300_000  # 2.7 MB, so that a copy takes more than one block
DIGEST = sha256(DATA)
KEY = original_key("project:p1", DIGEST)
BIG = bytes(range(256)) * ((ONE_PUT + 5_000_000) // 256)  # three parts, the last of them short


# What a store cannot do, and why photographs may rest there all the same. The whole list of what
# JuiceFS lacks stands in tests/server/test_juicefs.py.
CANNOT = {
    "files": {},
    "seaweed": {
        # 4.48 lets two completions of one multipart win; the bytes are the same either way.
        "one creator of a big file": "a key names one content, so both bring the same bytes",
    },
    "juicefs": {
        # It takes no notice of If-None-Match; whoever asked before the first had put, puts as well.
        "one creator": "a key names one content, so all bring the same bytes",
        "one creator of a big file": "the same",
    },
}


@pytest.fixture
def cannot(request: pytest.FixtureRequest) -> dict[str, str]:
    """What this test's store cannot do."""
    return CANNOT[request.node.callspec.params["store"]]


@pytest.fixture(params=CANNOT)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store, empty."""
    if request.param == "files":
        return FileStore(tmp_path / "store")
    request.getfixturevalue("credentials")
    return S3Store(request.getfixturevalue(request.param).address(f"{uuid.uuid4().hex}/"))


def names_in(store: Store) -> list[str]:
    """Every name at rest, temporary ones too."""
    if isinstance(store, FileStore):
        return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())
    assert isinstance(store, S3Store)
    bucket, prefix = store.address.bucket, store.address.prefix
    looking = client(int(store.address.endpoint.rsplit(":", 1)[1]))
    assert not looking.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads")
    found = looking.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return sorted(o["Key"].removeprefix(prefix) for o in found)


def test_of_sixteen_racing_writers_one_creates_and_all_find_the_bytes_at_rest(store, file_of, cannot):
    source = file_of(DATA)
    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(lambda _: store.put(KEY, source, sha256=DIGEST), range(16)))
    assert created.count(True) == 1 or ("one creator" in cannot and any(created))
    assert store.open(KEY).read() == DATA
    assert names_in(store) == [KEY]  # no temporary file stays behind


def test_a_wrong_digest_is_refused_and_leaves_nothing(store, file_of):
    with pytest.raises(DigestMismatch) as refusal:
        store.put(KEY, file_of(DATA[:-1] + b"!"), sha256=DIGEST)
    assert refusal.value.remedy == "retry" and refusal.value.final
    assert store.has(KEY) is None
    assert names_in(store) == []


def test_other_bytes_under_a_taken_key_are_refused_and_the_first_ones_stay(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    with pytest.raises(BytesDiffer):
        store.put(KEY, file_of(b"short"), sha256=sha256(b"short"))
    assert store.has(KEY) == len(DATA)


def test_bytes_at_rest_have_their_own_life(store, file_of):
    source = file_of(DATA)
    store.put(KEY, source, sha256=DIGEST)
    source.write_bytes(b"changed in staging")
    assert store.open(KEY).read() == DATA


def test_a_second_put_of_the_same_bytes_creates_nothing(store, file_of):
    assert store.put(KEY, file_of(DATA), sha256=DIGEST)
    assert not store.put(KEY, file_of(DATA), sha256=DIGEST)
    assert names_in(store) == [KEY]


def test_a_big_file_rests_whole_and_a_torn_one_leaves_nothing(store, file_of):
    digest = sha256(BIG)
    key = original_key("project:p1", digest)
    with pytest.raises(DigestMismatch):
        store.put(key, file_of(BIG[:-1] + b"!"), sha256=digest)
    assert names_in(store) == []
    assert store.put(key, file_of(BIG), sha256=digest)
    assert not store.put(key, file_of(BIG), sha256=digest)
    assert store.has(key) == len(BIG)
    with store.open(key) as stream:
        assert sha256(stream.read()) == digest
    with store.open(key, ONE_PUT - 5, ONE_PUT + 5) as stream:
        assert stream.read() == BIG[ONE_PUT - 5 : ONE_PUT + 5]


def test_racing_writers_of_a_big_file_agree_and_nothing_half_sent_stays(store, file_of, cannot):
    source, digest = file_of(BIG), sha256(BIG)
    key = original_key("project:p1", digest)
    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(lambda _: store.put(key, source, sha256=digest), range(4)))
    assert created.count(True) == 1 or ("one creator of a big file" in cannot and any(created))
    assert store.has(key) == len(BIG)
    assert names_in(store) == [key]


def test_an_empty_file_rests_too(store, file_of):
    key = original_key("project:p1", sha256(b""))
    assert store.put(key, file_of(b""), sha256=sha256(b""))
    assert store.has(key) == 0
    assert store.open(key).read() == b""


def test_what_was_dropped_may_be_put_again(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    store.drop(KEY)
    assert store.has(KEY) is None
    assert store.put(KEY, file_of(DATA), sha256=DIGEST)


def test_a_range_is_read_and_nothing_beyond_it(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    with store.open(KEY, 5, 15) as part:
        assert part.read() == DATA[5:15]
    with store.open(KEY, len(DATA) - 3) as tail:
        assert tail.read(100) == DATA[-3:]
    with store.open(KEY, 10, 5) as nothing:
        assert nothing.read() == b""


def test_everything_below_a_folder_is_listed_in_the_order_of_its_bytes(store, file_of):
    ab, b = original_key("project:a-b", DIGEST), original_key("project:b", DIGEST)
    small = rendition_key("project:b", DIGEST, "320", "jpg")
    for key in (small, b, ab, f"{b}.json"):
        store.put(key, file_of(b"x" * len(key)), sha256=sha256(b"x" * len(key)))
    before, after = (datetime.now(UTC) + timedelta(minutes=m) for m in (-1, 1))
    listed = list(store.walk("media/project:b"))
    assert [one.key for one in listed] == [b, sidecar_key("project:b", DIGEST), small]
    assert all(one.size == len(one.key) and before < one.since < after for one in listed)
    assert [one.key for one in store.walk("media/project:b/o")] == [b, f"{b}.json"]
    assert list(store.walk("media/project:none")) == []
    assert sorted(store.folders("media")) == ["project:a-b", "project:b"]
    assert list(store.folders("media/project:none")) == []


def test_a_long_folder_is_listed_whole_and_once(store, file_of):
    source, digest = file_of(b"x"), sha256(b"x")
    keys = [f"media/project:p1/o/{n:04x}" for n in range(1_100)]  # more than one page of S3
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, source, sha256=digest), keys))
    assert [one.key for one in store.walk("media/project:p1/o")] == keys


def test_the_very_bytes_are_known_without_reading_them(store, file_of):
    assert not store.rests(KEY, size=len(DATA), sha256=DIGEST)
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    assert store.rests(KEY, size=len(DATA), sha256=DIGEST)
    with pytest.raises(BytesDiffer):
        store.rests(KEY, size=len(DATA) + 1, sha256=DIGEST)


def test_what_is_not_there_is_said_to_be_unknown_and_may_be_dropped_twice(store):
    assert store.has(KEY) is None
    with pytest.raises(BlobUnknown):
        store.open(KEY)
    store.drop(KEY)
    store.drop(KEY)


@pytest.mark.parametrize(
    "dossier",
    ["", "project", "project:", "Project:p", "project:..", "project:a..b", "project:a/b",
     "project:a\n", "../x:y", "project:" + "a" * 81, "project:图"],
)  # fmt: skip
def test_a_hostile_dossier_makes_no_key(dossier):
    with pytest.raises(BadKey):
        original_key(dossier, DIGEST)


@pytest.mark.parametrize("digest", ["", DIGEST.upper(), DIGEST[:-1], DIGEST + "\n", "../" + DIGEST])
def test_a_hostile_digest_makes_no_key(digest):
    with pytest.raises(BadKey):
        original_key("project:p1", digest)
    with pytest.raises(BadKey):
        rendition_key("project:p1", digest, "320", "jpg")


@pytest.mark.parametrize(("profile", "ext"), [("..", "jpg"), ("a/b", "jpg"), ("320", "../x")])
def test_a_hostile_profile_makes_no_key(profile, ext):
    with pytest.raises(BadKey):
        rendition_key("project:p1", DIGEST, profile, ext)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../out", "media/../../out", "a//b", "a/.hidden", "a\0b", "a/b/"]
)
def test_no_key_leaves_the_root_whatever_verb_it_comes_with(store: Store, file_of, key):
    source = file_of(DATA)
    verbs = (
        *(store.has, store.open, store.drop, store.walk, store.folders),
        lambda k: store.put(k, source, sha256=DIGEST),
        lambda k: store.rests(k, size=1, sha256=DIGEST),
    )
    for verb in verbs:
        with pytest.raises(BadKey):
            verb(key)


def test_keys_are_named_by_content_inside_their_dossier():
    assert f"media/project:p1/o/{DIGEST[:2]}/{DIGEST}" == KEY
    assert rendition_key("project:p1", DIGEST, "320", "jpg") == (f"media/project:p1/r/{DIGEST}/320.jpg")
