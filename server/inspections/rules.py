"""评分: what answers come to under one edition of a checklist; pure and exact (JGJ 59-2011, domain.md §3.3).

Marks are whole numbers and everything computed from them a Fraction: nothing is rounded before it is
shown. Grades and the guarantee test judge the exact value; `shown` rounds half up to hundredths.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Body = Mapping[str, Any]
# From mild to grave. 缺项 is what is not on this site, and counts neither way.
RESULTS = {"na": "缺项", "ok": "符合", "fault": "不符合"}
GRADES = {"excellent": "优良", "passed": "合格", "failed": "不合格"}
ALL_ITEMS = "*"  # one answer for a whole form that is not on this site
ANSWERS = uuid.UUID("5d1c0f3e-8a77-5b57-9d0e-3f7f6f2a1c59")
FULL = 100  # what a form and the summary count


def answer_id(inspection: str, form: str, instance: str, item: str) -> str:
    """The id of the answer to one item: UUIDv5 (RFC 9562 §5.5) of `inspection|form|instance|item` in
    UTF-8 under ANSWERS, so that phones that have not heard of each other name the same record.
    """
    return str(uuid.uuid5(ANSWERS, f"{inspection}|{form}|{instance}|{item}"))


def shown(value: Fraction) -> str:
    """Marks as people read them: two decimals, half up."""
    hundredths = (value * 200 + 1) // 2  # no mark is below zero
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass(frozen=True, slots=True)
class Grading:
    """等级: from how many of 100 marks on; `guarantee_least` of a form's guarantee items (rule 2)."""

    excellent: int
    passed: int
    guarantee_least: int

    @classmethod
    def of(cls, value: Body) -> "Grading":
        """Out of a provision's value."""
        return cls(int(value["excellent"]), int(value["passed"]), int(value["guarantee_least"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormScore:
    """One form filled in for one object. `score` of 100, None where nothing of it was checked.

    `zero` says why the whole form counts nothing: `guarantee-item` or `guarantee-subtotal` (rule 2).
    `missing` are item codes that nobody has answered yet, `outside` measurements beyond their limits
    that were not called a fault.
    """

    section: str
    code: str
    title: str
    instance: str
    got: int
    full: int
    guarantee_got: int
    guarantee_full: int
    score: Fraction | None
    zero: str | None
    missing: tuple[str, ...]
    left_out: tuple[str, ...]
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionScore:
    """One line of the summary: the mean of its forms (rule 6), and what it counts (rule 3).

    With no form begun, `left_out` says that somebody called it 缺项, else it is still to be inspected.
    """

    code: str
    title: str
    marks: int
    score: Fraction | None
    got: Fraction | None
    left_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole checklist. `total` of 100 and `grade` follow rules 5 and 7; there is no grade before
    it is complete. `unknown_answers` are answers of which the template knows nothing: kept, not counted.
    """

    forms: tuple[FormScore, ...]
    sections: tuple[SectionScore, ...]
    got: Fraction
    full: int
    total: Fraction | None
    grade: str | None
    complete: bool
    unknown_answers: tuple[str, ...]


def score(answers: Iterable[Body], template: Body, grading: Grading | None = None) -> Score:
    """What the answers come to: a pure function of them, the template and the grading (§16.1 no. 5).

    Without a grading the guarantee subtotal is not tested and there is no grade.
    """
    given = _by_form(answers)
    forms, sections, known = [], [], set()
    for section in template["sections"]:
        filled, denied = [], False
        for form in section["forms"]:
            for instance in sorted(i for code, i in given if code == form["code"]):
                said = given[form["code"], instance]
                known |= {(form["code"], instance, i["code"]) for i in form["items"]}
                known.add((form["code"], instance, ALL_ITEMS))
                if any(i["code"] in said for i in form["items"]):
                    filled.append(_form(section["code"], form, instance, said, grading))
                elif said.get(ALL_ITEMS, {}).get("result") == "na":
                    denied = True
        forms += filled
        sections.append(_section(section, filled, denied))
    unknown = {(*key, item) for key, said in given.items() for item in said} - known
    return _summary(forms, sections, grading, tuple(sorted("/".join(k) for k in unknown)))


def _by_form(answers: Iterable[Body]) -> dict[tuple[str, str], dict[str, Body]]:
    """Answers by form and instance, then item. Of several to one item the gravest counts, whatever
    their order: their ids should have been the same.
    """
    found: dict[tuple[str, str], dict[str, Body]] = {}
    for answer in sorted(answers, key=_gravity):
        found.setdefault((answer["form"], answer["instance"]), {})[answer["item"]] = answer
    return found


def _gravity(answer: Body) -> tuple[int, int, str]:
    deduct = answer.get("deduct")
    return (
        [*RESULTS].index(answer["result"]),
        -1 if deduct is None else deduct,
        str(answer.get("measurement")),
    )


def _form(
    section: str, form: Body, instance: str, said: Mapping[str, Body], grading: Grading | None
) -> FormScore:
    missing, left_out, outside = [], [], []
    checked: list[tuple[str | None, int, int]] = []  # group, full marks, marks got
    for item in form["items"]:
        answer, marks = said.get(item["code"]), item.get("marks", 0)
        if not _asked(item, said) or (answer is not None and answer["result"] == "na"):
            left_out.append(item["code"])
        elif answer is None or (marks and answer["result"] == "fault" and answer.get("deduct") is None):
            missing.append(item["code"])  # a fault without its deduction is not judged yet
        else:
            checked.append((item.get("group"), marks, max(0, marks - (answer.get("deduct") or 0))))
            if answer["result"] != "fault" and _outside(item, answer):
                outside.append(item["code"])
    got, full = sum(g for _, _, g in checked), sum(m for _, m, _ in checked)
    guaranteed = [(m, g) for group, m, g in checked if group == "guarantee"]
    guarantee_full, guarantee_got = (sum(x) for x in zip(*guaranteed, strict=True)) if guaranteed else (0, 0)
    all_full = sum(i.get("marks", 0) for i in form["items"] if i.get("group") == "guarantee")
    waits = any(i["code"] in missing for i in form["items"] if i.get("group") == "guarantee")
    zero = None
    if any(m and not g for m, g in guaranteed):
        zero = "guarantee-item"
    # 缺项: 40 of 60 is the standard's 66.7 %, here exact, so that 20 of 30 passes (rule 4).
    elif grading and not waits and guarantee_got * all_full < grading.guarantee_least * guarantee_full:
        zero = "guarantee-subtotal"
    return FormScore(
        section=section,
        code=form["code"],
        title=form["title"],
        instance=instance,
        got=got,
        full=full,
        guarantee_got=guarantee_got,
        guarantee_full=guarantee_full,
        score=(Fraction(0) if zero else Fraction(got * FULL, full)) if full else None,
        zero=zero,
        missing=tuple(missing),
        left_out=tuple(left_out),
        outside=tuple(outside),
    )


def _asked(item: Body, said: Mapping[str, Body]) -> bool:
    condition = item.get("condition")
    return not condition or said.get(condition["item"], {}).get("result") == condition["result"]


def _outside(item: Body, answer: Body) -> bool:
    limits, value = item.get("measurement"), answer.get("measurement")
    if not limits or value is None:
        return False
    measured = Fraction(value)
    below = "least" in limits and measured < Fraction(limits["least"])
    return below or ("most" in limits and measured > Fraction(limits["most"]))


def _section(section: Body, filled: Sequence[FormScore], denied: bool) -> SectionScore:
    scores = [f.score for f in filled if f.score is not None]
    mean = sum(scores, Fraction(0)) / len(scores) if scores else None
    marks = section.get("marks", 0)
    return SectionScore(
        code=section["code"],
        title=section["title"],
        marks=marks,
        score=mean,
        got=None if mean is None else marks * mean / FULL,
        left_out=not scores and (denied or any(not f.missing for f in filled)),
    )


def _summary(
    forms: Sequence[FormScore],
    sections: Sequence[SectionScore],
    grading: Grading | None,
    unknown_answers: tuple[str, ...],
) -> Score:
    got = sum((s.got for s in sections if s.got is not None), Fraction(0))
    full = sum(s.marks for s in sections if s.got is not None)
    total = got * FULL / full if full else None
    begun = {f.section for f in forms}
    complete = not any(f.missing for f in forms) and all(s.left_out or s.code in begun for s in sections)
    grade = None
    if grading and complete and total is not None:
        if any(f.zero for f in forms) or total < grading.passed:
            grade = "failed"
        else:
            grade = "excellent" if total >= grading.excellent else "passed"
    return Score(
        forms=tuple(forms),
        sections=tuple(sections),
        got=got,
        full=full,
        total=total,
        grade=grade,
        complete=complete,
        unknown_answers=unknown_answers,
    )


def next_visit(frequency: Body, risk: str | None, last: date | None, since: date) -> date | None:
    """The last day for the next visit to a site of this risk under a recurring plan (§3.4): so many
    times in so many months, counted in whole days of 30 a month from the last visit, or from `since`
    where there was none. None where the plan asks for none.
    """
    often = frequency.get(risk or "")
    if not often:
        return None
    return max(last or since, since) + timedelta(days=often["months"] * 30 // often["times"])


@dataclass(frozen=True, slots=True)
class Fault:
    """What contradicts itself in a template: the codes that lead there, the column, in words."""

    path: tuple[str, ...]
    field: str
    message: str


def template_faults(template: Body) -> list[Fault]:
    """What no schema of single values can say of a template; empty if nothing."""
    found = [*_doubles((), template["sections"])]
    forms = [f for s in template["sections"] for f in s["forms"]]
    found += _doubles(("*",), forms)
    if template.get("valid_to") and template["valid_to"] < template["valid_from"]:
        found.append(Fault((), "valid_to", "失效日期早于施行日期 it ends before it begins"))
    marks = sum(s.get("marks", 0) for s in template["sections"])
    if template.get("grades") and marks != FULL:
        found.append(
            Fault((), "marks", f"各分项满分合计 {marks}，应为 {FULL} sections count {marks}, not {FULL}")
        )
    for section in template["sections"]:
        for form in section["forms"]:
            found += _form_faults((section["code"], form["code"]), form, bool(template.get("grades")))
    return found


def _form_faults(path: tuple[str, ...], form: Body, graded: bool) -> Iterator[Fault]:
    yield from _doubles(path, form["items"])
    marks = sum(i.get("marks", 0) for i in form["items"])
    if graded and marks != FULL:
        yield Fault(path, "marks", f"各项满分合计 {marks}，应为 {FULL} its items count {marks}, not {FULL}")
    earlier: set[str] = set()
    for item in form["items"]:
        here = (*path, item["code"])
        condition, limits = item.get("condition"), item.get("measurement", {})
        if condition and condition["item"] not in earlier:
            yield Fault(here, "condition", "条件须指向同表前面的项目 not an earlier item of its form")
        if "least" in limits and "most" in limits and Fraction(limits["least"]) > Fraction(limits["most"]):
            yield Fault(here, "most", "上限小于下限 the most is below the least")
        earlier.add(item["code"])


def _doubles(path: tuple[str, ...], named: Sequence[Body]) -> Iterator[Fault]:
    seen: set[str] = set()
    for one in named:
        if one["code"] in seen:
            yield Fault((*path, one["code"]), "code", "代码重复 this code stands twice")
        seen.add(one["code"])
