"""What nobody may destroy: versions, retention and legal hold, each tried on an object of its own."""

from typing import Any

from media.doctor import Bench, probe, until

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


@probe("法律保全期间删除被拒绝", "deleting under legal hold is refused", archive=True)
def _(b: Bench) -> str | None:
    version = str(b.put("hold", ObjectLockLegalHoldStatus="ON")["VersionId"])
    seen = b.ask("delete_object", **b.at("hold"), VersionId=version)
    b.client.put_object_legal_hold(**b.at("hold"), VersionId=version, LegalHold={"Status": "OFF"})
    return None if seen in HELD else str(seen or "deleted")
