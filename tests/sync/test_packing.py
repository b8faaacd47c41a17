"""Packed bodies: smaller both ways, bounded while inflating, refused in words where they are broken."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.packing import CannotUnpack, TooLarge, pack, packed, unpack
from sync.protocol import INFLATED_BYTES
from tests.support.house import House, issue

WJ = "project:wj-01"
PATH = "/api/v1/exchange"


@given(st.binary(max_size=4_000), st.sampled_from(["gzip", "zstd"]))
def test_what_is_packed_is_unpacked_the_same(data: bytes, encoding: str) -> None:
    if data:
        assert unpack(packed(data, encoding), encoding, 10_000) == data


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_inflated_no_further_than_the_limit(encoding: str) -> None:
    bomb = packed(b"\0" * 50_000_000, encoding)
    assert len(bomb) < 300_000
    with pytest.raises(TooLarge):
        unpack(bomb, encoding, 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_archive_is_said_to_be_none(encoding: str, data: bytes) -> None:
    with pytest.raises(CannotUnpack):
        unpack(data, encoding, 1_000)


def test_a_cut_gzip_body_is_refused() -> None:
    with pytest.raises(CannotUnpack):
        unpack(packed(b"x" * 5_000, "gzip")[:-3], "gzip", 10_000)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("", None),
        ("br", None),
        ("identity", None),
    ],
)
def test_the_best_encoding_that_is_accepted_is_taken(accepted: str, encoding: str | None) -> None:
    assert pack(b"x" * 5_000, accepted)[1] == encoding
    assert pack(b"short", accepted)[1] is None


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_exchange_goes_packed_both_ways(site: House, encoding: str) -> None:
    li = site.desk("li")
    push = [{"dossier": WJ, "epoch": 1, "changes": [issue() for _ in range(30)]}]
    cursors = {WJ: {"field": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}
    body = {"protocol": 1, "schema": 1, "no": 1, "push": push, "pull": {"cursors": cursors}}
    plain = orjson.dumps(body)
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": encoding,
        "Accept-Encoding": encoding,
    }
    answer = li.call("POST", PATH, data=packed(plain, encoding), headers=headers)
    assert answer.status_code == 200 and answer.headers["Content-Encoding"] == encoding
    data = unpack(answer.data, encoding, INFLATED_BYTES)
    assert len(answer.data) < len(data) / 3
    said = orjson.loads(data)
    assert {o["status"] for o in said["push"][0]["outcomes"]} == {"applied"}
    assert len(said["pull"]["dossiers"][WJ]["audiences"]["field"]["items"]) == 30


def test_packed_requests_that_are_broken_too_large_or_strange_are_refused_in_words(site: House) -> None:
    li = site.desk("li")
    for data, encoding, status, code in (
        (b"no archive", "gzip", 400, "malformed"),
        (packed(b"\0" * (INFLATED_BYTES + 1), "zstd"), "zstd", 413, "too-large"),
        (packed(b"\0" * (INFLATED_BYTES + 1), "gzip"), "gzip", 413, "too-large"),
        (b"x", "br", 415, "unsupported-media-type"),
    ):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        answer = li.call("POST", PATH, data=data, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (status, code)
