"""水印: what a watermark says and where it stands on a picture of any size; drawing is pictures.py's.

Text comes from records, so anything may stand in it: it is made printable here, broken into lines by
the width that the font measures, and shrunk until the panel stays inside the picture.
"""

import importlib.util
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import segno

# Noto Sans CJK (OFL 1.1), shipped whole by PyPI, so that the machine needs no font of its own.
FONT_PACKAGE, FONT_FILE, FONT_SIMPLIFIED = "noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc", 2
LONGEST = 200  # characters of one line's text; a caption is no watermark
MISSING = "〓"  # 下駄: the printers' sign for a character that the font does not have
SMALLEST, LARGEST = 6, 72  # pixels of the font
LEADING = 1.35  # line height in sizes of the font
LEAST_MODULE = 2  # pixels; a finer QR code is read by no phone from a screen
QUIET = 2  # modules round the code; the panel round it is white as well

# (text, size) → its width in pixels
Measure = Callable[[str, int], float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, in pixels: the panel's box, lines of text, and the code's place."""

    size: int
    panel: tuple[int, int, int, int]
    lines: tuple[tuple[int, int, str], ...]
    code: tuple[int, int, int] | None  # left, top, pixels of a module


def font_path() -> str:
    """The font's file, wherever the package was installed."""
    found = importlib.util.find_spec(FONT_PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    if not places:
        raise FileNotFoundError(FONT_PACKAGE)
    return str(Path(places[0]) / FONT_FILE)


def printable(said: str) -> str:
    """One line of visible characters: no control, no direction mark, no private sign."""
    spaced = " ".join(said[: 4 * LONGEST].split())
    plain = "".join(c for c in unicodedata.normalize("NFC", spaced) if unicodedata.category(c)[0] != "C")
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


@cache
def code(link: str) -> tuple[tuple[bool, ...], ...]:
    """The QR code of a link: rows of dark modules, with its quiet zone."""
    made = segno.make_qr(link, error="m")
    return tuple(tuple(bool(m) for m in row) for row in made.matrix_iter(border=QUIET))


def wrapped(text: str, width: float, size: int, measure: Measure) -> list[str]:
    """`text` in lines of at most `width`; Chinese breaks anywhere, other words at their spaces."""
    lines, line = [], ""
    for c in text:
        if not line or measure(line + c, size) <= width:
            line += c
            continue
        head, space, tail = line.rpartition(" ")
        if c.isascii() and c != " " and space and head and len(tail) < 16:
            lines.append(head)
            line = tail + c
        else:
            lines.append(line.rstrip())
            line = c.lstrip()
    return [*lines, line] if line else lines


def layout(width: int, height: int, texts: Sequence[str], measure: Measure, modules: int) -> Layout | None:
    """The largest lettering that fits the lower left of a picture; None where none does.

    The code (so many modules a side) stands to the right of the text, where it is legible.
    """
    size = max(SMALLEST, min(LARGEST, round(min(width, height) * 0.028)))
    while size >= SMALLEST:
        for with_code in (True, False):
            found = _attempt(width, height, texts, measure, modules if with_code else 0, size)
            if found is not None:
                return found
        size = size - 1 if size <= 16 else round(size * 0.9)
    return None


def _attempt(
    width: int, height: int, texts: Sequence[str], measure: Measure, modules: int, size: int
) -> Layout | None:
    pad, step = max(2, size // 2), round(size * LEADING)
    module = max(LEAST_MODULE, round(size * 5.5 / modules)) if modules else 0
    side = module * modules
    room = width - 2 * pad - (side + pad if side else 0)
    if room < size * 8:
        return None
    lines = [line for text in texts for line in wrapped(text, room, size, measure)]
    if side > 1.3 * step * len(lines):
        return None  # on a small picture the code would be the larger part of the watermark
    tall = max(step * len(lines), side) + 2 * pad
    # The half that is left to the picture: a watermark says what it shows, and does not hide it.
    if tall > height * 0.5 or max(measure(line, size) for line in lines) > room:
        return None
    top = height - tall
    wide = max(measure(line, size) for line in lines)
    right = min(width, round(pad + wide + pad + (side + pad if side else 0)))
    placed = tuple((pad, top + pad + n * step, line) for n, line in enumerate(lines))
    place = (right - pad - side, top + (tall - side) // 2, module) if side else None
    return Layout(size, (0, top, right, height), placed, place)
