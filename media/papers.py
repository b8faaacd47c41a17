"""A paper: data laid out by a Typst template into a PDF that has the same bytes wherever it is made.

What people wrote reaches the template as data (JSON in `sys.inputs`) and never as markup. Only the
font that is shipped is used, embedded as a subset; templates come from the house alone.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from media.pictures import has_glyph
from media.watermark import MISSING, code, font_path

SPACES = " \u00a0\u3000"  # what our writing uses, and every font that knows Chinese has
STANDARD = "a-2b"  # ISO 19005-2: archives take it, and a viewer needs nothing that is not in it


def pdf(template: Path, data: Mapping[str, Any], *, made_at: datetime, link: str | None = None) -> bytes:
    """The paper as PDF/A-2b. `made_at` (with its zone) is what the file says of its making; the
    template reads `data` from `sys.inputs.data`, and the QR code of `link` as rows of `0` and `1` from
    `sys.inputs.code`. Raises typst.TypstError for a template that is wrong.
    """
    moment = made_at.replace(microsecond=0)  # a PDF tells seconds, and Typst refuses more
    made: bytes = _made(template, data, link, format="pdf", pdf_standards=STANDARD, timestamp=moment)
    return made


def pages(template: Path, data: Mapping[str, Any], *, link: str | None = None, ppi: int = 100) -> list[bytes]:
    """The paper's pages as PNG, for eyes and tests. Raises as `pdf` does."""
    made = _made(template, data, link, format="png", ppi=float(ppi))
    return made if isinstance(made, list) else [made]


def _made(template: Path, data: Mapping[str, Any], link: str | None, **how: Any) -> Any:
    said = {"data": orjson.dumps(_shown(dict(data))).decode(), "code": _rows(link) if link else ""}
    compiler = typst.Compiler(template, root=template.parent, font_paths=_fonts(), sys_inputs=said)
    return compiler.compile(**how)


def _shown(value: Any) -> Any:
    """The data with every text as the font can show it: PDF/A refuses a character without a glyph."""
    if isinstance(value, str):
        return "".join(_visible(c) for c in unicodedata.normalize("NFC", value))
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value


def _visible(character: str) -> str:
    """Itself, or 〓; control and direction marks, which could make a text read as another, go."""
    kind = unicodedata.category(character)
    if character == "\n" or kind in ("Zl", "Zp"):
        return "\n"
    if kind in ("Cc", "Cf", "Cs"):
        return " " if character == "\t" else ""
    if kind == "Zs":  # of the wide and narrow spaces the font has some
        return character if character in SPACES else " "
    return character if has_glyph(character) else MISSING


def _rows(link: str) -> str:
    return "\n".join("".join("01"[dark] for dark in row) for row in code(link))


@cache
def _fonts() -> Any:
    """The shipped font and no other: what a machine happens to have must not change the bytes."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(Path(font_path()).parent)]
    )
