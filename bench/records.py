"""A day's work as phones send it: inspections and issues of about 1 kB, with Chinese text."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from uuid_utils import uuid7

from sync.protocol import PROTOCOL, SCHEMA

BATCH = 500  # the most that a request may carry (protocol.md §7)
_FINDINGS = (
    "现场检查发现临边防护缺失，已要求总包单位整改。",
    "立杆基础不平整，未设置垫板，扫地杆缺失三处。",
    "配电箱未上锁，电缆拖地，未按三级配电要求设置。",
    "基坑周边堆载超过设计要求，排水沟堵塞未清理。",
    "塔式起重机回转限位失灵，已责令停止使用并报告。",
    "作业面未挂设安全平网，高处作业人员未系安全带。",
)
_BASES = ("建筑施工安全检查标准 JGJ59-2011 3.2.5", "建设工程安全生产管理条例 第二十八条")
_DOMAINS = ("scaffold", "edge", "electricity", "pit", "lifting", "height")


def changes(count: int, people: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """`count` creations, an inspection and an issue in turn; `people` are ids of officers."""
    return list(_changes(count, people, random.Random(seed)))


def _changes(count: int, people: Sequence[str], chance: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(count):
        kind, fields = _inspection(chance, people) if n % 2 else _issue(chance, people)
        yield {
            "id": str(uuid7()),
            "n": n,
            "op": "create",
            "kind": kind,
            "record": str(uuid7()),
            "audience": "field",
            "fields": fields | _position(chance),
            "at": f"2026-11-22T08:{n % 60:02d}:00.000+08:00",
            "clock": {"boot": "b1", "ms": n * 1000},
        }


def _inspection(chance: random.Random, people: Sequence[str]) -> tuple[str, dict[str, Any]]:
    return "inspection", {
        "inspection_type": {"set": "routine"},
        "officers": {"add": list(people[:2]), "remove": []},
        "arrived_at": {"set": "2026-11-22T08:30:00+08:00"},
        "left_at": {"set": "2026-11-22T10:05:00+08:00"},
        "part": {"set": f"{chance.randint(1, 12)}#楼 {chance.randint(1, 30)}层 脚手架"},
        "weather": {"set": "晴 6℃ 北风3级"},
        "legal_basis": {"add": list(_BASES), "remove": []},
        "conclusion": {"set": chance.choice(("none", "rectify", "stop_work"))},
        "note": {"set": "".join(chance.choices(_FINDINGS, k=5))},
    }


def _issue(chance: random.Random, people: Sequence[str]) -> tuple[str, dict[str, Any]]:
    return "issue", {
        "title": {"set": chance.choice(_FINDINGS)},
        "description": {"set": "".join(chance.choices(_FINDINGS, k=4))},
        "domain": {"set": chance.choice(_DOMAINS)},
        "code": {"set": f"JGJ59-3.{chance.randint(1, 9)}"},
        "severity": {"set": chance.choice(("general", "serious", "major"))},
        "part": {"set": f"{chance.randint(1, 12)}#楼 {chance.randint(1, 30)}层 脚手架"},
        "legal_basis": {"set": _BASES[0]},
        "demand": {"set": "限三日内整改完毕并书面回复。"},
        "found_at": {"set": "2026-11-22T08:41:00+08:00"},
        "due_on": {"set": "2026-11-25"},
        "assignee": {"set": chance.choice(people)},
        "tags": {"add": ["脚手架", "临边"], "remove": []},
    }


def _position(chance: random.Random) -> dict[str, Any]:
    return {
        "lat_e7": {"set": 399_900_000 + chance.randint(0, 99_999)},
        "lon_e7": {"set": 1_164_700_000 + chance.randint(0, 99_999)},
        "accuracy_m": {"set": chance.randint(3, 30)},
        "datum": {"set": "WGS-84"},
    }


def edit(record: str, kind: str, version: int, word: str) -> dict[str, Any]:
    """One later edit of a record's part."""
    return {
        "id": str(uuid7()),
        "n": 0,
        "op": "update",
        "kind": kind,
        "record": record,
        "base": {"version": version, "epoch": 1},
        "fields": {"part": {"set": word}},
        "at": "2026-11-23T09:00:00.000+08:00",
    }


def push(no: int, dossier: str, batch: Sequence[dict[str, Any]]) -> bytes:
    """The body of a request that pushes one batch."""
    group = {"dossier": dossier, "epoch": 1, "changes": list(batch)}
    return orjson.dumps(_envelope(no) | {"push": [group]})


def pull(no: int, dossier: str, audience: str, cursor: dict[str, Any]) -> bytes:
    """The body of a request that pulls one page."""
    cursors = {dossier: {audience: cursor}}
    return orjson.dumps(_envelope(no) | {"pull": {"limit": BATCH, "cursors": cursors}})


def _envelope(no: int) -> dict[str, Any]:
    return {"protocol": PROTOCOL, "schema": SCHEMA, "no": no, "sent_at": "2026-11-22T18:00:00.000+08:00"}
