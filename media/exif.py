"""What a camera noted in its picture (EXIF 2.32): a hint, for phones strip it and anybody can write it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAKE, MODEL, ORIENTATION = 0x010F, 0x0110, 0x0112
TAKEN, OFFSET = 0x9003, 0x9011  # DateTimeOriginal, OffsetTimeOriginal
LAT_REF, LAT, LON_REF, LON = 1, 2, 3, 4  # in the GPS block
LONGEST = 80  # characters of any text kept


@dataclass(frozen=True, slots=True)
class Hints:
    """`taken_at`: RFC 3339, without an offset where the camera noted none; degrees × 10⁷ on WGS-84."""

    taken_at: str | None = None
    lat_e7: int | None = None
    lon_e7: int | None = None
    orientation: int | None = None
    camera: str | None = None


def read(
    main: Mapping[int, Any], detail: Mapping[int, Any], gps: Mapping[int, Any]
) -> dict[str, str | int | None]:
    """The fields of Hints from the three blocks of an EXIF; what cannot be read is None."""
    lat = _degrees(gps.get(LAT), gps.get(LAT_REF), "NS", 90)
    lon = _degrees(gps.get(LON), gps.get(LON_REF), "EW", 180)
    turn = main.get(ORIENTATION)
    return {
        "taken_at": _taken(detail.get(TAKEN), detail.get(OFFSET)),
        # Half a position is none; 0, 0 is what cameras write that have no fix.
        **({"lat_e7": lat, "lon_e7": lon} if lat is not None and lon is not None and (lat or lon) else {}),
        "orientation": turn if isinstance(turn, int) and 1 <= turn <= 8 else None,
        "camera": _camera(_text(main.get(MAKE)), _text(main.get(MODEL))),
    }


def _text(said: Any) -> str:
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    if not isinstance(said, str):
        return ""
    plain = "".join(c for c in said[: 4 * LONGEST] if c.isprintable() and c != "\ufffd")
    return plain.strip()[:LONGEST]


def _camera(make: str, model: str) -> str | None:
    """Many models repeat their maker's name."""
    both = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return both.strip()[:LONGEST] or None


def _taken(said: Any, offset: Any) -> str | None:
    try:
        moment = datetime.strptime(_text(said) + _text(offset), "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        try:
            moment = datetime.strptime(_text(said), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  (it names none)
        except ValueError:
            return None
    return moment.isoformat(timespec="seconds")


def _degrees(said: Any, reference: Any, signs: str, most: int) -> int | None:
    """Degrees, minutes, seconds as rationals, whose denominators may be nought."""
    sign = _text(reference)[:1].upper()
    try:
        degrees, minutes, seconds = (float(part) for part in said)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not 0 <= value <= most or not sign or sign not in signs:
        return None
    return round(value * 1e7) * (-1 if sign == signs[1] else 1)
