"""Large files in parts: what the doctor tries where one request does not hold a file."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from media.doctor import Bench, digest, probe, said, unless

PART = 5 * 1024 * 1024  # the smallest that S3 takes
ROUNDS = 5  # a race that is lost one time in five is lost


def in_parts(
    b: Bench, name: str, *, last: str | None = None, begin: dict[str, Any] | None = None, **complete: Any
) -> bytes:
    """Put two parts; `last` is the digest said of the second one, by default its own; `begin` and
    `complete` are said with the first call and the last.
    """
    where = b.at(name)
    begun = b.client.create_multipart_upload(**where, ChecksumAlgorithm="SHA256", **(begin or {}))
    where["UploadId"] = begun["UploadId"]
    blocks = [bytes(PART), b"the end"]
    parts = []
    try:
        for number, block in enumerate(blocks, 1):
            said = last if last and number == 2 else digest(block)
            sent = b.client.upload_part(
                **where, PartNumber=number, Body=io.BytesIO(block), ChecksumSHA256=said
            )
            parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": said})
        b.client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}, **complete)
    except Exception:
        b.ask("abort_multipart_upload", **where)
        raise
    return b"".join(blocks)


@probe("分段上传", "a file in parts", archive=True)
def _(b: Bench) -> str | None:
    data = in_parts(b, "parts")
    return unless(b.read("parts") == data, "other bytes")


@probe("分段上传的元数据", "metadata of a file in parts", archive=True)
def _(b: Bench) -> str | None:
    """By it a video at rest is told from another of the same size (media/s3.py)."""
    in_parts(b, "noted-parts", begin={"Metadata": {"sha256": "0" * 64}})
    seen = b.client.head_object(**b.at("noted-parts"))["Metadata"].get("sha256")
    return unless(seen == "0" * 64, "lost")


@probe("分段校验值错误被拒绝", "a part with a wrong SHA-256 is refused", archive=True)
def _(b: Bench) -> str | None:
    try:
        in_parts(b, "torn", last=digest(b"other"))
    except Exception as refused:
        return unless(hasattr(refused, "response"), type(refused).__name__)
    return "accepted"


@probe("分段上传只写一次", "create-once for a file in parts", archive=True)
def _(b: Bench) -> str | None:
    b.put("taken", b"first")
    try:
        in_parts(b, "taken", IfNoneMatch="*")
    except Exception as refused:
        return unless(b.read("taken") == b"first", said(refused))
    return "overwritten"


@probe("放弃的分段上传不留痕", "an upload that was given up leaves nothing")
def _(b: Bench) -> str | None:
    where = b.at("abandoned")
    upload = b.client.create_multipart_upload(**where)["UploadId"]
    b.client.abort_multipart_upload(**where, UploadId=upload)
    left = b.client.list_multipart_uploads(Bucket=b.bucket, Prefix=where["Key"]).get("Uploads")
    return unless(not left, "still there")


@probe("分段上传并发完成只有一个成功", "create-once: one winner of two completions in parts")
def _(b: Bench) -> str | None:
    """Not what the archive stands on: a key names one content, so both winners bring the same bytes."""
    winners = [_race_in_parts(b, f"race-in-parts-{number}") for number in range(ROUNDS)]
    return unless(set(winners) == {1}, f"{winners} winners")


def _race_in_parts(b: Bench, name: str) -> int:
    """Two uploads for one key, completed at once; how many of them were told that they won."""
    where = b.at(name)
    calls = []
    for block in (b"first", b"second"):
        upload = b.client.create_multipart_upload(**where)["UploadId"]
        sent = b.client.upload_part(**where, UploadId=upload, PartNumber=1, Body=io.BytesIO(block))
        parts = {"Parts": [{"PartNumber": 1, "ETag": sent["ETag"]}]}
        calls.append({"UploadId": upload, "MultipartUpload": parts})

    def complete(call: dict[str, Any]) -> str | None:
        return b.ask("complete_multipart_upload", **where, **call, IfNoneMatch="*")

    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(complete, calls))
    for call, refused in zip(calls, answers, strict=True):
        if refused is not None:
            b.ask("abort_multipart_upload", **where, UploadId=call["UploadId"])
    return answers.count(None)
