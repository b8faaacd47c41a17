"""What a case looks like to who opens it: a page in Chinese and English, and how to check the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from server.law.rules import SHANGHAI
from sync.minutes import Touched
from sync.record import Kind

TITLE = "xunjian case v1"
FORM = "zip"
README = """巡检案卷 A case of Xunjian

index.html         打开阅读 open it to read · index.pdf 打印 the same on paper
python3 verify.py . --key "NAME+ID+KEY"    校验 check it; the key from elsewhere 密钥请从别处取得

entries.ndjson     每行一条：原文、路径、内容与盐 a line each: the entry's exact bytes, its way to the
                   checkpoint, its contents and their salt (null where erased, or not for you)
checkpoint.note    签名的检查点 the signed checkpoint · keys/ 密钥沿革 how its key was introduced
originals/         照片、附件、文书原件，以 SHA-256 命名 originals, by their SHA-256
manifest.*         每个文件的摘要，及其签名 the digest of every file, and its signature

"签名以来未被更改"，不证明内容属实。It says "unchanged since it was signed", not "true".
"""
PAPER_LINES = 2_000  # of fields and entries on paper, some ninety pages; more makes Typst take gigabytes
STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "td,th{overflow-wrap:anywhere}th{background:#f5f5f5;width:11rem}td{white-space:pre-line}"
    "h2{margin-top:2.5rem}img{max-width:20rem}small{color:#666}"
)
WORDS = {
    "records": "记录 Records",
    "history": "留痕 History",
    "proof": "证明 Proof",
    "meaning": "签名以来未被更改，不证明内容属实。Unchanged since it was signed, which is not to say true.",
    "erased": "内容已依法删除或未提供 erased by law, or withheld",
}
COLUMNS = ("序 #", "北京时间 when (received)", "类型 kind", "操作 act", "何人 who", "理由 reason")
PROOF = "python3 verify.py . — README.txt"


@dataclass(frozen=True, slots=True)
class Told:
    """One record as it is told: its kind's names, its id, whether it is deleted, (Chinese, code, value) of
    each field, and the files in the case that it names.
    """

    zh: str
    kind: str
    record: str
    deleted: bool
    rows: Sequence[tuple[str, str, str]]
    files: Sequence[str]


def told(record: Touched, kind: Kind, files: Mapping[str, str], people: Mapping[str, str]) -> Told:
    """A record in words; `files` are names in the case by digest, `people` names by id."""
    body = record.body
    rows = [(_name(kind, name), name, _value(kind, name, value, people)) for name, value in body.items()]
    digests = (str(body.get(name)) for name in ("sha256", "pdf_sha256"))
    named = [files[digest] for digest in digests if digest in files]
    return Told(kind.zh, kind.name, record.record, record.deleted, rows, named)


def line(entry: Mapping[str, Any], kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """One entry in words, a cell for each of COLUMNS; entries.ndjson has the moments to the millisecond."""
    kind = kinds.get(entry["kind"])
    return (
        str(entry["seq"]),
        f"{_moment(entry['captured_at'])}\n({_moment(entry['received_at'])})",
        f"{kind.zh if kind else ''} {entry['kind']}",
        f"{entry['op']} {entry['status']}",
        entry["who"] or entry["actor"],
        WORDS["erased"] if entry["erased"] else entry["reason"] or "",
    )


def _moment(said: str) -> str:
    return f"{datetime.fromisoformat(said).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def page(head: Mapping[str, str], records: Sequence[Told], history: Sequence[Sequence[str]]) -> str:
    """The index as a page: who and what, every record, every entry, originals where they are named."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in head.items())
    columns = "".join(f"<th>{escape(column)}</th>" for column in COLUMNS)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in cells)}</tr>" for cells in history)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(next(iter(head.values()), ''))}</title><style>{STYLE}</style>"
        f"<h1>巡检案卷 Case</h1><table>{rows}</table>"
        f"<h2>{WORDS['records']}</h2>{''.join(map(_section, records))}"
        f"<h2>{WORDS['history']}</h2><table><tr>{columns}</tr>{lines}</table>"
        f"<h2>{WORDS['proof']}</h2><p>{PROOF}</p><p>{WORDS['meaning']}</p></html>\n"
    )


def _section(record: Told) -> str:
    rows = "".join(
        f"<tr><th>{escape(zh)}<br><small>{escape(name)}</small></th><td>{escape(value)}</td></tr>"
        for zh, name, value in record.rows
    )
    links = "".join(f'<p><a href="{escape(file)}">{_shown(file)}</a></p>' for file in record.files)
    mark = " <small>已删除 deleted</small>" if record.deleted else ""
    return (
        f'<h3 id="{escape(record.record)}">{escape(record.zh)} {escape(record.kind)}{mark} '
        f"<small>{escape(record.record)}</small></h3>{links}<table>{rows}</table>"
    )


def _shown(file: str) -> str:
    if file.endswith((".jpg", ".png", ".webp")):
        return f'<img loading="lazy" alt="{escape(file)}" src="{escape(file)}">'
    return escape(file)


def paper(
    head: Mapping[str, str], records: Sequence[Told], history: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The index as its template wants it (data/case.typ). A long one is shortened, and says so: half the
    lines for records, and what these leave for the history.
    """
    printed, used = 0, 0
    while printed < len(records) and used + len(records[printed].rows) <= PAPER_LINES // 2:
        used += len(records[printed].rows)
        printed += 1
    entries = history[: PAPER_LINES - used]
    facts = [(name.partition(" "), said) for name, said in head.items()]
    whole = (printed, len(entries)) == (len(records), len(history))
    return {
        "title": "巡检案卷 Case",
        "subject": next(iter(head.values()), ""),
        "head": [_fact(zh, en, said) for (zh, _, en), said in facts],
        "shortened": "" if whole else _shortened(printed, len(records), len(entries), len(history)),
        "records": [_printed(record) for record in records[:printed]],
        "columns": [dict(zip(("zh", "en"), column.split(" ", 1), strict=True)) for column in COLUMNS],
        "history": [list(cells) for cells in entries],
        "proof": [PROOF, WORDS["meaning"]],
    }


def _shortened(printed: int, records: int, entries: int, history: int) -> str:
    return (
        f"篇幅所限，此处印出记录 {printed}/{records} 条、留痕 {entries}/{history} 条；全部见 index.html。"
        f"Shortened: {printed} of {records} records and {entries} of {history} entries are printed here; "
        "index.html has them all."
    )


def _printed(record: Told) -> dict[str, Any]:
    named = [_fact("文件", "file", file) for file in record.files]
    return {
        "zh": record.zh,
        "kind": record.kind,
        "id": record.record,
        "mark": "已删除 deleted" if record.deleted else "",
        "rows": [_fact(zh, "" if zh == name else name, value) for zh, name, value in record.rows] + named,
    }


def _fact(zh: str, en: str, value: str) -> dict[str, str]:
    return {"zh": zh, "en": en, "value": value}


def _name(kind: Kind, name: str) -> str:
    field = kind.fields.get(name)
    named = field.zh if field is not None else None
    return named or {"state": "状态", "erased": "依法删除"}.get(name, name)


def _value(kind: Kind, name: str, value: Any, people: Mapping[str, str]) -> str:
    if isinstance(value, str) and value in people:
        return f"{people[value]} {value}"
    if name == "state" and kind.lifecycle is not None:
        return f"{kind.lifecycle.states.get(value, value)} {value}"
    if isinstance(value, list):
        return "\n".join(_plain(item) for item in value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(item)}" for name, item in value.items())
    return {True: "是 yes", False: "否 no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
