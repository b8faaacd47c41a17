"""Who may do what, as a table that a person reviews: who_may.txt, and docs/access.md made of it.

`python -m tests.doors.matrix` writes the page; the tests beside hold the server to the table.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).parent / "who_may.txt"
PAGE = ROOT / "docs" / "access.md"
COLUMNS = (
    *("anonymous", "revoked", "other", "contractor", "supervision", "client", "inspector", "supervisor"),
    *("director", "administrator", "auditor"),
)
ZH = {
    **{
        "anonymous": "未登录",
        "revoked": "已停用的设备",
        "other": "其他案卷的监督员",
        "contractor": "施工单位",
        "inspector": "监督员",
    },
    **{"supervision": "监理单位", "client": "建设单位", "director": "所领导"},
    **{"supervisor": "科长", "administrator": "系统管理员", "auditor": "审计"},
}
# What a cell may say, its sign on the page, and what it means.
CELLS = {
    "yes": ("✓", "done, or answered"),
    "keeps": ("⏸", "kept whole for a reviewer; nothing is changed"),
    "refused": ("403*", "may see it, and may not do this with it"),
    "no": ("403", "may not do this anywhere"),
    "absent": ("404", "there is no such thing, as far as the caller can tell"),
    "sign-in": ("401", "signs in first"),
    "out": ("⊘", "403 `device-revoked`, with the order to wipe itself, whatever is asked for"),
}
# What is answered to whoever names a thing that is not theirs.
FOREIGN = {
    "absent": ("404", "the same 404 as for what does not exist"),
    "nothing": ("∅", "a list that holds nothing, the same as for what does not exist"),
    "kept": ("404", "as above; administrators of the office keep everybody's, and to them it is what it is"),
    "shared": ("all", "it belongs to the office, or its code is its key"),
    "-": ("", "the operation names nothing"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: what each sort of person gets for what lies on their own site, and for the foreign."""

    operation: str
    own: dict[str, str]
    foreign: str


def rows() -> dict[str, Row]:
    """The table by operation."""
    found: dict[str, Row] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        operation, *cells, foreign = line.split()
        row = Row(operation, dict(zip(COLUMNS, cells, strict=True)), foreign)
        assert operation not in found, f"{operation} stands twice"
        assert set(cells) <= set(CELLS) and foreign in FOREIGN, line
        found[operation] = row
    return found


def described() -> dict[str, Any]:
    """openapi.yaml."""
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded


def operations() -> dict[str, dict[str, Any]]:
    """openapi.yaml's operations by their ids, with `path` and `method`."""
    return {
        said["operationId"]: said | {"path": path, "method": method.upper()}
        for path, methods in described()["paths"].items()
        for method, said in methods.items()
    }


def page() -> str:
    """docs/access.md."""
    known, table = operations(), rows()
    lines = [
        "# Who may do what",
        "Written by `make matrix` from tests/doors/who_may.txt; do not edit. `tests/doors` asks every",
        "operation of openapi.yaml as every person below, for what lies on their own site, on another site,",
        "and for what does not exist: an operation without a row fails, and so does an answer that is not in",
        "its row. A revoked device is an inspector's phone with the token it was given before it was lost.",
        "",
        *(f"- {sign}: {meaning}" for sign, meaning in CELLS.values()),
        "",
        "The last column is the answer to whoever may use the operation and names what is not theirs:",
        "",
        *(f"- {sign}: {meaning}" for sign, meaning in FOREIGN.values() if sign),
        "",
        "| operation | " + " | ".join(f"{ZH[c]} {c}" for c in COLUMNS) + " | foreign |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name, said in known.items():
        row = table[name]
        signs = " | ".join(CELLS[row.own[c]][0] for c in COLUMNS)
        what = f"{said['summary']}<br>`{said['method']} {said['path']}`"
        lines.append(f"| {what} | {signs} | {FOREIGN[row.foreign][0]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
