"""What a paper must have, what it says, and when it counts as served: pure, by what is handed in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from server.law.rules import SHANGHAI, Calendar, Term, local_day
from server.organisations.rules import is_uscc

# What each kind of paper cannot do without (domain.md §7.3); `issues` also want a basis each.
_ALWAYS = ("addressee", "addressee_name", "officers")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "rectification": (*_ALWAYS, "issues", "legal_basis", "inspected_at"),
    "stop_work": (
        *(*_ALWAYS, "issues", "legal_basis", "inspected_at"),
        *("scope", "starts_at", "resume_condition"),
    ),
    "resume": (*_ALWAYS, "refers_to"),
    "referral": ("officers", "enforcement_authority", "issues", "legal_basis"),
    "interview": (*_ALWAYS, "meets_at", "place"),
    "listing": (*_ALWAYS, "issues", "legal_basis"),
}
# The papers that a step of the ladder may ask for (its `does`, domain.md §7.5), and what they demand.
DEMANDS = {
    "interview": "{title}：整改期限{due}，逾期{days}日仍未改正，请说明原因、整改措施和完成时间。",
    "referral": "{title}：责令改正，整改期限{due}，逾期{days}日仍未改正。",
    "listing": "{title}：请制定治理方案，落实责任、措施、资金、时限和预案；不能保证安全的，停工停用。",
}
WANTS_DEADLINE = ("rectification", "listing")
_BLANK = re.compile(r"[\s《》〈〉]+")
_NUMBER = re.compile(r"\d号?$")
_EDITION = re.compile(r"[（(][^）)]*(修|版|\d{4}年)")
OWN = ("本工程", "本项目")
_PLACE = re.compile(r"\{([a-z_]+)\}")


def citations(said: str) -> list[str]:
    """The citations of one basis: `A 第一条；B 第二条` are two."""
    return [part.strip() for part in re.split(r"[;；\n]", said) if part.strip()]


def uncited(said: Iterable[str], instruments: Iterable[str]) -> list[str]:
    """Those citations that name none of the laws and standards in force (domain.md §16.1 no. 15).

    An instrument is known by its title or number; brackets, blanks and 中华人民共和国 do not count.
    What follows a title must be its end or an article: `安全生产法实施细则` is not `安全生产法`. A number
    is whole, so its table or clause may follow in any words (`JGJ 59-2011 表B.11`), but no digit. Neither
    stands with another edition behind it: `安全生产法（2014年修正）` is not today's. The site's own papers
    (本工程…) are no legal citations.
    """
    names = sorted({_bare(name) for name in instruments}, key=len, reverse=True)
    asked = (text for text in said if not _bare(text).startswith(OWN))
    return [text for text in asked if not any(_names(_bare(text), name) for name in names)]


def _names(citation: str, instrument: str) -> bool:
    if not citation.startswith(instrument):
        return False
    rest = citation[len(instrument) :]
    if not rest or rest[0] in "第,，、":
        return True
    if _NUMBER.search(instrument):
        return not rest[0].isdigit() and not _EDITION.match(rest)
    return rest[0].isascii()


def _bare(said: str) -> str:
    return _BLANK.sub("", said).replace("—", "-").replace("–", "-").removeprefix("中华人民共和国")


def lacking(body: Mapping[str, Any], facts: Sequence[Mapping[str, Any]], officers: int) -> list[str]:
    """What the paper still wants, by field; `officers` is the least number of them."""
    kind = body["notice_kind"]
    wanting = [name for name in NEEDS[kind] if not body.get(name)]
    if "officers" not in wanting and len(body["officers"]) < officers:
        wanting.append("officers")
    if body.get("addressee") and not is_uscc(body["addressee"]):
        wanting.append("addressee")
    if "issues" in NEEDS[kind]:
        wanting += [f"{f['issue']}/legal_basis" for f in facts if not f["basis"]]
        known = {f["issue"] for f in facts}
        wanting += [f"{issue}/unknown" for issue in body.get("issues", ()) if issue not in known]
    if kind in WANTS_DEADLINE:
        wanting += [f"{f['issue']}/due_on" for f in facts if not (f["due_on"] or f["term"])]
    return wanting


def filled(lines: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """Lines with their `{places}` filled in, in one pass: what people wrote is not looked at again.

    A line one of whose places has nothing to say is left out.
    """
    out = []
    for line in lines:
        if all(words.get(name) for name in _PLACE.findall(line)):
            out.append(_PLACE.sub(lambda place: words[place[1]], line))
    return out


def spelled_day(day: date) -> str:
    """`2026年11月3日`, without leading zeros (GB/T 9704-2012)."""
    return f"{day.year}年{day.month}月{day.day}日"


def spelled_moment(said: str) -> str:
    """`2026年11月3日9时05分` in Beijing."""
    moment = datetime.fromisoformat(said).astimezone(SHANGHAI)
    return f"{spelled_day(moment.date())}{moment.hour}时{moment.minute:02d}分"


def spelled_place(photo: Mapping[str, Any]) -> str:
    """`39.9087000, 116.4714000 WGS-84`, or a dash where the photograph has no fix."""
    if photo.get("lat_e7") is None or photo.get("lon_e7") is None:
        return "—"
    degrees = (f"{abs(v) // 10**7:d}.{abs(v) % 10**7:07d}" for v in (photo["lat_e7"], photo["lon_e7"]))
    signs = ("-" if v < 0 else "" for v in (photo["lat_e7"], photo["lon_e7"]))
    lat, lon = (sign + text for sign, text in zip(signs, degrees, strict=True))
    return f"{lat}, {lon} {photo.get('datum') or '坐标系未知'}"


def spelled_term(term: Term) -> str:
    """`1个工作日内`; where the term rolls over days off, it says so."""
    said = f"{term.days}个工作日内" if term.unit == "working" else f"{term.days}日内"
    return said + ("（末日遇休息日顺延）" if term.rolls else "")


def spelled_deadline(item: Mapping[str, Any]) -> str:
    """整改期限 as the paper says it: a date, or a term that runs from service."""
    if item.get("due_on"):
        return spelled_day(date.fromisoformat(item["due_on"]))
    term = Term.of(item["term"]) if item.get("term") else None
    if term is None:
        return "—"
    return f"自送达之日起{spelled_term(term)}" if term.days else "送达当日"


def due_on(item: Mapping[str, Any], served: date, calendar: Calendar) -> date | None:
    """The deadline of one item of a paper that counts as served on a day: what the paper says, whatever
    the law has become meanwhile (domain.md §7.4); None where it sets none. Raises NoCalendar.
    """
    if item.get("due_on"):
        return date.fromisoformat(item["due_on"])
    return Term.of(item["term"]).after(served, calendar) if item.get("term") else None


def served_on(service: Mapping[str, Any], deemed_days: Mapping[str, int]) -> date:
    """The day on which a paper counts as served: that of the act, or so many days later by its mode
    (公告: 民事诉讼法 art. 95). The day itself is not counted in terms that begin with it.
    """
    day = local_day(datetime.fromisoformat(service["at"]))
    return day + timedelta(days=int(deemed_days.get(service["mode"], 0)))


def reply_due_on(served: date, deadlines: Iterable[date], term: Term, calendar: Calendar) -> date:
    """When the written reply is due: a term after the last deadline on the paper, or after service
    where that is later. Raises NoCalendar.
    """
    return term.after(max([served, *deadlines]), calendar)


def drafted(
    step: Mapping[str, Any],
    issue: Mapping[str, Any],
    paper: Mapping[str, Any],
    issuer: Mapping[str, Any],
    *,
    builder: str | None,
) -> dict[str, Any]:
    """What the house knows of a paper that a step of the ladder asks for: from the issue, the paper over
    it, in whose name the office issues, and who builds there. What is lacking, people complete.
    """
    due = spelled_day(date.fromisoformat(step["due_on"])) if "due_on" in step else "—"
    words = {"title": issue["title"], "due": due, "days": str(step.get("overdue_days", 0))}
    [demand] = filled([DEMANDS[step["does"]]], words)
    bodies = {n: paper.get(n) or issuer[n] for n in ("author_org", "authority", "enforcement_authority")}
    basis = paper.get("legal_basis") or citations(issue.get("legal_basis", ""))
    firm = paper.get("addressee") or issue.get("contractor") or builder
    whom = {"addressee": firm, "addressee_name": paper.get("addressee_name")}
    # A letter of referral goes to who may punish, and not to the firm.
    found = (whom if step["does"] != "referral" else {}) | {
        "certificates": paper.get("certificates"),
        "inspected_at": paper.get("inspected_at") or issue["found_at"],
    }
    told = bodies | {n: v for n, v in found.items() if v} | {"demand": demand[:2_000]}
    return told | {"officers": paper.get("officers", []), "legal_basis": [b[:200] for b in basis]}


def premature(service: Mapping[str, Any], issued_at: str, now: datetime) -> bool:
    """Whether a service is said to lie before the paper's day, or ahead of the clock."""
    at = datetime.fromisoformat(service["at"])
    return local_day(at) < local_day(datetime.fromisoformat(issued_at)) or at > now + timedelta(minutes=2)


def owed(body: Mapping[str, Any]) -> bool:
    """Whether the server still owes the record something: the paper's number, or its clock."""
    if "number" not in body:
        spoilt = body["state"] == "voided" and "block" in body and "faults" not in body
        return body["state"] == "issued" or spoilt
    return body["state"] in ("served", "answered", "closed") and _unclocked(body)


def clock_of(service: Mapping[str, Any]) -> dict[str, Any]:
    """What of a service the clock follows from."""
    return {name: service[name] for name in ("mode", "at")}


def _unclocked(body: Mapping[str, Any]) -> bool:
    if "served_on" not in body:
        return True
    return "service" in body and body.get("clocked", now := clock_of(body["service"])) != now


def unsettled(body: Mapping[str, Any]) -> bool:
    """Whether anything is owed, the PDF included."""
    return owed(body) or ("paper" in body and "pdf_sha256" not in body)
