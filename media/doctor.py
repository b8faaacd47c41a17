"""A store is examined: each promise of S3 that the house builds on is tried, not believed."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

RACERS = 16
CHINESE = "项目 一/图 1（复查）.jpg"
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One probe: what was tried, in both tongues, whether the archive stands on it, what was seen.

    `fault` is None where the promise is kept, else what happened instead.
    """

    zh: str
    en: str
    archive: bool
    fault: str | None


class Reply(Protocol):
    """What a bare URL answers: httpx's Response, as far as a probe looks at it."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """What a probe works with. `ask` makes one call and answers its error code, or None; `clock` is
    in UTC; `fetch(url, method="GET", headers={}, content=b"")` asks a bare URL. `expired` is an address of
    the object "expired" that was signed for a second, more than that ago once it is asked for.
    """

    client: Any
    bucket: str
    scratch: str
    ask: Callable[..., str | None]
    clock: Callable[[], datetime]
    fetch: Callable[..., Reply]
    expired: Callable[[], str]

    def at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.scratch + name}

    def put(self, name: str, data: bytes = b"evidence", **more: Any) -> Any:
        return self.client.put_object(**self.at(name), Body=data, **more)

    def read(self, name: str, **more: Any) -> bytes:
        data: bytes = self.client.get_object(**self.at(name), **more)["Body"].read()
        return data


Probe = Callable[[Bench], str | None]
PROBES: list[tuple[str, str, bool, Probe]] = []


def probe(zh: str, en: str, *, archive: bool = False) -> Callable[[Probe], Probe]:
    """Enter a probe into the list; it answers None, or what was seen instead of what was promised."""

    def enter(ask: Probe) -> Probe:
        PROBES.append((zh, en, archive, ask))
        return ask

    return enter


def examine(bench: Bench, faults: tuple[type[Exception], ...]) -> Iterator[Finding]:
    """Try each promise in turn; a probe that is answered with one of `faults` has failed."""
    for zh, en, archive, ask in PROBES:
        try:
            fault = ask(bench)
        except faults as wrong:
            fault = said(wrong)
        yield Finding(zh, en, archive, fault)


def said(wrong: Exception) -> str:
    """A code or a name; the store's own words may quote what was signed."""
    answer = getattr(wrong, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(wrong).__name__)[:60]


def unless(kept: bool, seen: object) -> str | None:
    return None if kept else str(seen)[:60]


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


# -- reading and writing -------------------------------------------------------------------------


@probe("写入与读回", "what is put is read back", archive=True)
def _(b: Bench) -> str | None:
    b.put("plain")
    return unless(b.read("plain") == b"evidence", "other bytes")


@probe("空文件", "an empty object")
def _(b: Bench) -> str | None:
    b.put("empty", b"")
    return unless(b.read("empty") == b"", "not empty")


@probe("中文键名", "a key in Chinese")
def _(b: Bench) -> str | None:
    b.put(CHINESE)
    return unless(b.read(CHINESE) == b"evidence", "other bytes")


@probe("键名中的特殊字符", "a key with + % & = and a colon")
def _(b: Bench) -> str | None:
    b.put("a+b%20c&d=e:f")
    return unless(b.read("a+b%20c&d=e:f") == b"evidence", "other bytes")


@probe("512 字节键名", "a key of 512 bytes")
def _(b: Bench) -> str | None:
    name = "/".join(["k" * 60] * 8)[: 512 - len(b.scratch)]
    b.put(name)
    return unless(b.read(name) == b"evidence", "other bytes")


@probe("元数据随对象保存", "metadata comes back", archive=True)
def _(b: Bench) -> str | None:
    b.put("noted", Metadata={"sha256": "0" * 64})
    return unless(b.client.head_object(**b.at("noted"))["Metadata"].get("sha256") == "0" * 64, "lost")


@probe("内容类型", "the content type comes back")
def _(b: Bench) -> str | None:
    b.put("typed", ContentType="image/jpeg")
    seen = b.client.head_object(**b.at("typed"))["ContentType"]
    return unless(seen == "image/jpeg", seen)


@probe("大小", "HEAD tells the size", archive=True)
def _(b: Bench) -> str | None:
    b.put("sized")
    return unless(b.client.head_object(**b.at("sized"))["ContentLength"] == 8, "another size")


@probe("不存在的对象", "what is not there is 404", archive=True)
def _(b: Bench) -> str | None:
    seen = {b.ask("head_object", **b.at("none")), b.ask("get_object", **b.at("none"))}
    return unless(seen <= ABSENT, seen)


@probe("不存在的桶", "a bucket that is not there is refused")
def _(b: Bench) -> str | None:
    seen = b.ask("get_object", Bucket="xunjian-doctor-no-such-bucket", Key="x")
    return unless(seen in ("NoSuchBucket", "AccessDenied"), seen)


@probe("范围读取", "a range from the middle")
def _(b: Bench) -> str | None:
    b.put("ranged", bytes(range(100)))
    return unless(b.read("ranged", Range="bytes=10-19") == bytes(range(10, 20)), "other bytes")


@probe("范围读取至末尾", "a range to the end, and the last bytes")
def _(b: Bench) -> str | None:
    b.put("ranged", bytes(range(100)))
    seen = (b.read("ranged", Range="bytes=95-"), b.read("ranged", Range="bytes=-5"))
    return unless(seen == (bytes(range(95, 100)),) * 2, "other bytes")


@probe("越界范围", "a range beyond the end is 416")
def _(b: Bench) -> str | None:
    b.put("ranged", bytes(range(100)))
    seen = b.ask("get_object", **b.at("ranged"), Range="bytes=100-")
    return unless(seen in ("InvalidRange", "416"), seen)


@probe("删除后不可读", "what was deleted is gone")
def _(b: Bench) -> str | None:
    b.put("deleted")
    b.client.delete_object(**b.at("deleted"))
    seen = b.ask("get_object", **b.at("deleted"))
    return unless(seen in ABSENT, seen)


@probe("重复删除", "deleting twice is no fault")
def _(b: Bench) -> str | None:
    return b.ask("delete_object", **b.at("never"))


@probe("列表：前缀与顺序", "a listing by prefix, in order", archive=True)
def _(b: Bench) -> str | None:
    for name in ("list/b", "list/a", "list/c"):
        b.put(name)
    found = b.client.list_objects_v2(Bucket=b.bucket, Prefix=f"{b.scratch}list/").get("Contents", [])
    seen = [o["Key"].removeprefix(f"{b.scratch}list/") for o in found]
    return unless(seen == ["a", "b", "c"], seen)


@probe("列表：中文键名按字节排序", "a listing of Chinese keys, ordered by bytes")
def _(b: Bench) -> str | None:
    for name in ("list-zh/图", "list-zh/a"):
        b.put(name)
    found = b.client.list_objects_v2(Bucket=b.bucket, Prefix=f"{b.scratch}list-zh/").get("Contents", [])
    seen = [o["Key"].removeprefix(f"{b.scratch}list-zh/") for o in found]
    return unless(seen == ["a", "图"], seen)


@probe("列表：分页", "a listing page by page", archive=True)
def _(b: Bench) -> str | None:
    for number in range(5):
        b.put(f"pages/{number}")
    pages = b.client.get_paginator("list_objects_v2").paginate(
        Bucket=b.bucket, Prefix=f"{b.scratch}pages/", PaginationConfig={"PageSize": 2}
    )
    seen = [o["Key"][-1] for page in pages for o in page.get("Contents", [])]
    return unless(seen == list("01234"), seen)


@probe("列表：文件夹", "a listing of the folders below a prefix", archive=True)
def _(b: Bench) -> str | None:
    for name in ("tree/b/1", "tree/b/2", "tree/a/1", "tree/file"):
        b.put(name)
    below = f"{b.scratch}tree/"
    found = b.client.list_objects_v2(Bucket=b.bucket, Prefix=below, Delimiter="/")
    seen = [one["Prefix"].removeprefix(below) for one in found.get("CommonPrefixes", [])]
    return unless(seen == ["a/", "b/"], seen)


@probe("列表：写后即见", "what was put is listed at once")
def _(b: Bench) -> str | None:
    b.put("fresh/1")
    found = b.client.list_objects_v2(Bucket=b.bucket, Prefix=f"{b.scratch}fresh/")
    return unless(found.get("KeyCount") == 1, found.get("KeyCount"))


# -- once and for all ----------------------------------------------------------------------------


@probe("只写一次：第二次被拒绝", "create-once: the second put is refused", archive=True)
def _(b: Bench) -> str | None:
    b.put("once", b"first", IfNoneMatch="*")
    seen = b.ask("put_object", **b.at("once"), Body=b"second", IfNoneMatch="*")
    return unless(seen in ("PreconditionFailed", "412"), seen or "overwritten")


@probe("只写一次：原内容不变", "create-once: the first bytes stay", archive=True)
def _(b: Bench) -> str | None:
    b.put("stays", b"first", IfNoneMatch="*")
    b.ask("put_object", **b.at("stays"), Body=b"second", IfNoneMatch="*")
    return unless(b.read("stays") == b"first", "overwritten")


@probe("只写一次：16 个并发只有一个成功", "create-once: one winner of 16 racers", archive=True)
def _(b: Bench) -> str | None:
    def race(number: int) -> str | None:
        return b.ask("put_object", **b.at("race"), Body=b"%02d" % number * 50_000, IfNoneMatch="*")

    with ThreadPoolExecutor(RACERS) as pool:
        winners = list(pool.map(race, range(RACERS))).count(None)
    return unless(winners == 1, f"{winners} winners")


@probe("只写一次：删除后可再写", "create-once: what was deleted may be put again")
def _(b: Bench) -> str | None:
    b.put("again", b"first", IfNoneMatch="*")
    b.client.delete_object(**b.at("again"))
    seen = b.ask("put_object", **b.at("again"), Body=b"second", IfNoneMatch="*")
    return unless(seen is None and b.read("again") == b"second", seen or "other bytes")


@probe("错误的 SHA-256 被拒绝", "a wrong SHA-256 is refused", archive=True)
def _(b: Bench) -> str | None:
    seen = b.ask("put_object", **b.at("wrong"), Body=b"evidence", ChecksumSHA256=digest(b"other"))
    return unless(seen is not None, "accepted")


@probe("被拒绝的内容不留痕", "what was refused is not kept", archive=True)
def _(b: Bench) -> str | None:
    b.ask("put_object", **b.at("refused"), Body=b"evidence", ChecksumSHA256=digest(b"other"))
    seen = b.ask("head_object", **b.at("refused"))
    return unless(seen in ABSENT, seen or "kept")


@probe("正确的 SHA-256 被接受并返回", "a right SHA-256 is taken and told again")
def _(b: Bench) -> str | None:
    b.put("right", ChecksumSHA256=digest(b"evidence"))
    seen = b.client.head_object(**b.at("right"), ChecksumMode="ENABLED").get("ChecksumSHA256")
    return unless(seen == digest(b"evidence"), seen or "not told")


def until(clock: Callable[[], datetime], **span: float) -> datetime:
    """A moment from now on, in whole seconds: stores keep no fractions."""
    return (clock() + timedelta(**span)).replace(microsecond=0)
