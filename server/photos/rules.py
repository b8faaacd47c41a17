"""Where a photograph's witnesses differ (record, camera, bytes), and what its watermark says."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from server.law.rules import SHANGHAI

FLAGS = ("time-differs", "position-differs", "mime-differs")
FAR_APART = timedelta(minutes=5)  # media.md §3
FAR_OFF_M = 200  # media.md §3; more than a phone's fix errs between high walls
EARTH_M = 6_371_008.8  # the mean radius
# The other datums are shifted by some 500 m on purpose: a difference to WGS-84 says nothing.
COMPARABLE = ("WGS-84", "CGCS2000", None)


def differences(
    record: Mapping[str, Any], exif: Mapping[str, Any] | None, server: Mapping[str, Any] | None
) -> list[str]:
    """Those of FLAGS that are up; each asks for a look, no more."""
    flags = []
    if exif and exif["taken_at"] and _apart(record["taken_at"], exif["taken_at"]) > FAR_APART:
        flags.append("time-differs")
    if exif and record["datum"] in COMPARABLE:
        points = [(p["lat_e7"], p["lon_e7"]) for p in (record, exif)]
        if all(None not in point for point in points) and distance_m(*points) > FAR_OFF_M:
            flags.append("position-differs")
    if server and record["mime"] != server["mime"]:
        flags.append("mime-differs")
    return flags


def _apart(one: str, other: str) -> timedelta:
    """A camera that notes no offset is taken to be set to the time of the place."""
    first, second = (datetime.fromisoformat(text) for text in (one, other))
    first, second = (m if m.tzinfo else m.replace(tzinfo=SHANGHAI) for m in (first, second))
    return abs(first - second)


def distance_m(one: tuple[int, int], other: tuple[int, int]) -> float:
    """The great circle between two points in degrees × 10⁷ (haversine), in metres."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(v / 1e7) for v in point) for point in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, half)))


def watermark(
    said: Mapping[str, Any], *, project: str, part: str | None, taker: str, record: str
) -> list[str]:
    """水印: the lines of a photograph's watermark, all from the record `said`, none from its EXIF."""
    moment = datetime.fromisoformat(said["taken_at"])
    spelled = f"{moment:%Y-%m-%d %H:%M:%S} {_zone(moment)}"
    offset = said.get("clock_offset_ms")
    clock = "未知" if offset is None else f"{offset / 1000:+.1f} 秒"
    lines = [project, f"{spelled}  时钟偏差 {clock}"]
    if part:
        lines.append(f"部位 {part}")
    if said.get("lat_e7") is not None and said.get("lon_e7") is not None:
        accuracy = f" ±{said['accuracy_m']} m" if said.get("accuracy_m") is not None else ""
        place = f"{said['lat_e7'] / 1e7:.7f}, {said['lon_e7'] / 1e7:.7f}{accuracy}"
        lines.append(f"{place} {said.get('datum') or '坐标系未知'}")
    return [*lines, f"拍摄 {taker}", f"编号 {record}", f"摘要 SHA-256 {said['sha256'][:16]}"]


def _zone(moment: datetime) -> str:
    offset = moment.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"
