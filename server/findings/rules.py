"""What an issue takes over from the answer, the checklist and the hazards that the office knows: pure."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from server.issues.rules import FINDINGS

Body = Mapping[str, Any]
HAZARD = "hazard."  # provisions that say what a hazard's code stands for (domain.md §7.1)
FAULT = "fault"
USUAL = {"domain": "safety", "severity": "general", "term": "general"}
POSITION = ("lat_e7", "lon_e7", "accuracy_m", "datum")
LIMITS = {"least": "不小于", "most": "不大于"}
TITLE, TEXT, BASIS, PART = 200, 2_000, 400, 200  # what an issue's fields hold


def copy_id(issue: str, photo: str) -> str:
    """The id of the record by which an issue names a photograph of its answer."""
    return str(uuid.uuid5(FINDINGS, f"{issue}|{photo}"))


def place(template: Body, form: str, item: str) -> tuple[Body, Body] | None:
    """The form and the item of these codes, or None where the template knows no such."""
    for section in template["sections"]:
        for one in section["forms"]:
            found = next((i for i in one["items"] if i["code"] == item), None)
            if one["code"] == form and found is not None:
                return one, found
    return None


def hazard_of(item: str, template: str, hazards: Iterable[Body]) -> Body | None:
    """The hazard that a fault at this item of this checklist means; of several the first by its code."""
    return next((h for h in hazards if item in h["items"] and h.get("checklist", template) == template), None)


def taken_over(
    answer: Body, inspection: Body, template: Body, hazard: Body | None, *, firm: str | None
) -> dict[str, Any]:
    """An issue's fields. Where no hazard is known for the item, the checklist's own words stand."""
    found = place(template, answer["form"], answer["item"])
    form, item = found or ({"code": answer["form"]}, {"title": answer["item"]})
    known: Body = hazard or {}
    which = f"（{answer['instance']}）" if answer["instance"] else ""
    basis = f"{template.get('citation', template['title'])} 表{form['code']}"
    fields = {
        **USUAL,
        **{n: known[n] for n in USUAL if n in known},
        "code": known.get("code", answer["item"]),
        "title": (known.get("title", item["title"]) + which)[:TITLE],
        "description": _described(answer, item)[:TEXT],
        "part": (answer["instance"] or inspection.get("part", ""))[:PART],
        "legal_basis": known.get("basis", basis)[:BASIS],
        "demand": known.get("demand", f"{item['title']}：按{basis}整改，整改后回复并附照片。")[:TEXT],
        "found_at": inspection["arrived_at"],
        "contractor": inspection.get("firm") or firm,
        **{n: inspection.get(n) for n in POSITION},
    }
    return {n: v for n, v in fields.items() if v not in (None, "")}


def _described(answer: Body, item: Body) -> str:
    """What the officer noted, and what was measured against which limits."""
    said = [f"{item['title']}不符合要求。", answer.get("note", "")]
    if answer.get("measurement") is not None:
        limits = item.get("measurement", {})
        unit = answer.get("unit") or limits.get("unit", "")
        asked = [f"{word}{limits[n]}{unit}" for n, word in LIMITS.items() if n in limits]
        wanted = f"，要求{'、'.join(asked)}" if asked else ""
        said.append(f"实测{answer['measurement']}{unit}{wanted}。")
    return "\n".join(part for part in said if part)
