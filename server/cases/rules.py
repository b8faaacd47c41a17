"""What a case looks like to who opens it: a page in Chinese and English, and how to check the file."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sync.record import Kind

TITLE = "xunjian case v1"
README = """巡检案卷 A case of Xunjian

index.html         打开阅读 open it to read
python3 verify.py . --key "NAME+ID+KEY"    校验 check it; the key from elsewhere 密钥请从别处取得

entries.ndjson     每行一条：原文、路径、内容与盐 a line each: the entry's exact bytes, its way to the
                   checkpoint, its contents and their salt (null where erased, or not for you)
checkpoint.note    签名的检查点 the signed checkpoint · keys/ 密钥沿革 how its key was introduced
originals/         照片、附件、文书原件，以 SHA-256 命名 originals, by their SHA-256
manifest.*         每个文件的摘要，及其签名 the digest of every file, and its signature

"签名以来未被更改"，不证明内容属实。It says "unchanged since it was signed", not "true".
"""
STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "td,th{overflow-wrap:anywhere}th{background:#f5f5f5;width:11rem}"
    "h2{margin-top:2.5rem}img{max-width:20rem}small{color:#666}"
)
WORDS = {
    "records": "记录 Records",
    "history": "留痕 History",
    "proof": "证明 Proof",
    "erased": "内容已依法删除或未提供 erased by law, or withheld",
}


def page(
    head: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, Kind],
    originals: Mapping[str, str],
) -> str:
    """The index: who and what, every record, every entry; originals by their digests' file names."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in head.items())
    told = "".join(_record(record, kinds, originals) for record in records)
    lines = "".join(_line(entry, kinds) for entry in history)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(next(iter(head.values()), ''))}</title><style>{STYLE}</style>"
        f"<h1>巡检案卷 Case</h1><table>{rows}</table>"
        f"<h2>{WORDS['records']}</h2>{told}"
        f"<h2>{WORDS['history']}</h2><table><tr><th>#</th><th>时间 when</th><th>类型 kind</th>"
        f"<th>操作 act</th><th>何人 who</th><th>理由 reason</th></tr>{lines}</table>"
        f"<h2>{WORDS['proof']}</h2><p>python3 verify.py . — README.txt</p></html>\n"
    )


def _record(record: Mapping[str, Any], kinds: Mapping[str, Kind], originals: Mapping[str, str]) -> str:
    kind, body = kinds[record["kind"]], record["body"]
    rows = "".join(
        f"<tr><th>{escape(_name(kind, name))}<br><small>{escape(name)}</small></th>"
        f"<td>{_value(kind, name, value)}</td></tr>"
        for name, value in body.items()
    )
    links = "".join(
        f'<p><a href="{escape(originals[digest])}">{_shown(originals[digest])}</a></p>'
        for digest in (body.get("sha256"), body.get("pdf_sha256"))
        if digest in originals
    )
    mark = " <small>已删除 deleted</small>" if record["deleted"] else ""
    return (
        f'<h3 id="{escape(record["record"])}">{escape(kind.zh)} {escape(kind.name)}{mark} '
        f"<small>{escape(record['record'])}</small></h3>{links}<table>{rows}</table>"
    )


def _shown(file: str) -> str:
    if file.endswith((".jpg", ".png", ".webp")):
        return f'<img loading="lazy" alt="{escape(file)}" src="{escape(file)}">'
    return escape(file)


def _name(kind: Kind, name: str) -> str:
    field = kind.fields.get(name)
    return (
        field.zh
        if field is not None and field.zh
        else {"state": "状态", "erased": "依法删除"}.get(name, name)
    )


def _value(kind: Kind, name: str, value: Any) -> str:
    if name == "state" and kind.lifecycle is not None:
        return escape(f"{kind.lifecycle.states.get(value, value)} {value}")
    if isinstance(value, list):
        return "<br>".join(escape(_plain(item)) for item in value)
    return escape(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(item)}" for name, item in value.items())
    return {True: "是 yes", False: "否 no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _line(entry: Mapping[str, Any], kinds: Mapping[str, Kind]) -> str:
    kind = kinds.get(entry["kind"])
    who = entry["who"] or entry["actor"]
    reason = WORDS["erased"] if entry["erased"] else entry["reason"] or ""
    cells = (
        str(entry["seq"]),
        f"{entry['captured_at']} ({entry['received_at']})",
        f"{kind.zh if kind else ''} {entry['kind']}",
        f"{entry['op']} {entry['status']}",
        who,
        reason,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
