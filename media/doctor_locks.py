"""What nobody may destroy: versions, retention and legal hold, each tried on an object of its own."""

from typing import Any

from media.doctor import Bench, probe, unless, until
from media.doctor_parts import in_parts

RETAIN_S = 60  # long enough to be tested, short enough that the scratch can be cleared the same day
HELD = ("AccessDenied", "ObjectLocked", "InvalidRequest", "MethodNotAllowed", "403")


def _locked(b: Bench, name: str) -> str:
    """Put an object under COMPLIANCE retention; its version."""
    retain: dict[str, Any] = {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": until(b.clock, seconds=RETAIN_S),
    }
    return str(b.put(name, **retain)["VersionId"])


@probe("版本控制已开启", "versioning is on", archive=True)
def _(b: Bench) -> str | None:
    seen = b.client.get_bucket_versioning(Bucket=b.bucket).get("Status")
    return None if seen == "Enabled" else str(seen or "off")


@probe("合规保留期写入", "COMPLIANCE retention is kept with the object", archive=True)
def _(b: Bench) -> str | None:
    _locked(b, "kept")
    seen = b.client.get_object_retention(**b.at("kept"))["Retention"]["Mode"]
    return None if seen == "COMPLIANCE" else str(seen)


@probe("查询对象即知保留期", "HEAD tells the retention", archive=True)
def _(b: Bench) -> str | None:
    """As the archive looks at its first object (media/locked.py)."""
    _locked(b, "told")
    head = b.client.head_object(**b.at("told"))
    left = head.get("ObjectLockRetainUntilDate", b.clock()) - b.clock()
    seen = head.get("ObjectLockMode")
    return None if seen == "COMPLIANCE" and left.total_seconds() > RETAIN_S / 2 else str(seen)


@probe("覆盖后旧版本可读", "an earlier version stays readable", archive=True)
def _(b: Bench) -> str | None:
    first = str(b.put("versioned", b"first")["VersionId"])
    b.put("versioned", b"second")
    return unless(b.read("versioned", VersionId=first) == b"first", "other bytes")


@probe("删除后旧版本可读", "a deletion leaves the version", archive=True)
def _(b: Bench) -> str | None:
    first = str(b.put("marked", b"first")["VersionId"])
    b.client.delete_object(**b.at("marked"))
    return unless(b.read("marked", VersionId=first) == b"first", "other bytes")


@probe("分段上传的保留期", "COMPLIANCE retention of a file in parts", archive=True)
def _(b: Bench) -> str | None:
    retain = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until(b.clock, seconds=RETAIN_S)}
    in_parts(b, "kept-parts", begin=retain)
    seen = b.client.get_object_retention(**b.at("kept-parts"))["Retention"]["Mode"]
    return None if seen == "COMPLIANCE" else str(seen)


@probe("保留期内删除被拒绝", "deleting a retained version is refused", archive=True)
def _(b: Bench) -> str | None:
    version = _locked(b, "undeletable")
    seen = b.ask("delete_object", **b.at("undeletable"), VersionId=version)
    return None if seen in HELD else str(seen or "deleted")


@probe("缩短保留期被拒绝", "shortening a retention is refused", archive=True)
def _(b: Bench) -> str | None:
    version = _locked(b, "unshortened")
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": until(b.clock, seconds=RETAIN_S // 2)}
    seen = b.ask("put_object_retention", **b.at("unshortened"), VersionId=version, Retention=sooner)
    return None if seen in HELD else str(seen or "shortened")


@probe("延长保留期", "lengthening a retention is done")
def _(b: Bench) -> str | None:
    version = _locked(b, "lengthened")
    later = {"Mode": "COMPLIANCE", "RetainUntilDate": until(b.clock, seconds=RETAIN_S + 10)}
    return b.ask("put_object_retention", **b.at("lengthened"), VersionId=version, Retention=later)


@probe("绕过权限也不能删除", "nobody is let past a COMPLIANCE retention", archive=True)
def _(b: Bench) -> str | None:
    version = _locked(b, "bypassed")
    bypass: dict[str, Any] = {"BypassGovernanceRetention": True}
    seen = b.ask("delete_object", **b.at("bypassed"), VersionId=version, **bypass)
    return None if seen in HELD else str(seen or "deleted")


@probe("法律保全期间删除被拒绝", "deleting under legal hold is refused", archive=True)
def _(b: Bench) -> str | None:
    version = str(b.put("hold", ObjectLockLegalHoldStatus="ON")["VersionId"])
    seen = b.ask("delete_object", **b.at("hold"), VersionId=version)
    b.client.put_object_legal_hold(**b.at("hold"), VersionId=version, LegalHold={"Status": "OFF"})
    return None if seen in HELD else str(seen or "deleted")
