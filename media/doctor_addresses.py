"""Addresses that the store itself hands bytes out under: what the doctor tries of those who have one."""

from typing import Any
from urllib.parse import quote

from media.doctor import CHINESE, Bench, probe, unless
from media.store import saved_as

REFUSED = (400, 401, 403)


def _signed(b: Bench, name: str, seconds: int, **more: Any) -> str:
    url: str = b.client.generate_presigned_url("get_object", Params=b.at(name) | more, ExpiresIn=seconds)
    return url


@probe("签名地址为 SigV4", "a signed address is SigV4")
def _(b: Bench) -> str | None:
    return unless("X-Amz-Algorithm=AWS4-HMAC-SHA256" in _signed(b, "plain", 60), "an older signature")


@probe("签名地址可读", "a signed address is served")
def _(b: Bench) -> str | None:
    b.put("signed")
    seen = b.fetch(_signed(b, "signed", 60)).status_code
    return unless(seen == 200, seen)


@probe("签名被改动即失效", "a signature that was touched is refused", archive=True)
def _(b: Bench) -> str | None:
    b.put("signed")
    url = _signed(b, "signed", 60)
    seen = b.fetch(url[:-4] + ("0000" if not url.endswith("0000") else "1111")).status_code
    return unless(seen in REFUSED, seen)


@probe("有效期不可改长", "an expiry cannot be lengthened", archive=True)
def _(b: Bench) -> str | None:
    b.put("signed")
    seen = b.fetch(_signed(b, "signed", 60).replace("X-Amz-Expires=60", "X-Amz-Expires=6000")).status_code
    return unless(seen in REFUSED, seen)


@probe("未签名不可读", "without a signature nothing is read", archive=True)
def _(b: Bench) -> str | None:
    b.put("signed")
    seen = b.fetch(_signed(b, "signed", 60).split("?")[0]).status_code
    return unless(seen in (401, 403), seen)


@probe("过期地址失效", "an address that has expired is refused", archive=True)
def _(b: Bench) -> str | None:
    b.put("expired")
    seen = b.fetch(b.expired()).status_code
    return unless(seen in REFUSED, seen)


@probe("签名地址只对一个对象有效", "an address is good for one object only", archive=True)
def _(b: Bench) -> str | None:
    b.put("signed")
    b.put("other")
    seen = b.fetch(_signed(b, "signed", 60).replace("/signed?", "/other?")).status_code
    return unless(seen in REFUSED, seen)


@probe("读取地址不可写入", "an address for reading lets nobody write", archive=True)
def _(b: Bench) -> str | None:
    b.put("signed")
    seen = b.fetch(_signed(b, "signed", 60), method="PUT", content=b"other").status_code
    return unless(seen in REFUSED and b.read("signed") == b"evidence", seen)


@probe("签名的长度不可超出", "a signed length is kept to")
def _(b: Bench) -> str | None:
    wanted = b.at("length") | {"ContentLength": 8}
    url: str = b.client.generate_presigned_url("put_object", Params=wanted, ExpiresIn=60)
    if "content-length" not in url.lower():
        return "the length is not signed"
    seen = b.fetch(url, method="PUT", content=b"longer than was signed").status_code
    return unless(seen in REFUSED, seen)


@probe("签名地址的范围读取", "a range of a signed address")
def _(b: Bench) -> str | None:
    b.put("ranged", bytes(range(100)))
    got = b.fetch(_signed(b, "ranged", 60), headers={"Range": "bytes=10-19"})
    return unless((got.status_code, got.content) == (206, bytes(range(10, 20))), got.status_code)


@probe("签名地址给出文件名与类型", "a signed address tells the name and the type that were signed")
def _(b: Bench) -> str | None:
    b.put(CHINESE)
    name, mime = "图 1.jpg", "image/jpeg"
    said = {"ResponseContentDisposition": saved_as(name), "ResponseContentType": mime}
    told = b.fetch(_signed(b, CHINESE, 60, **said)).headers
    seen = (told.get("content-type"), quote(name, safe="") in told.get("content-disposition", ""))
    return unless(seen == (mime, True), seen)
