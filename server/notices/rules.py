"""What a paper must have, what it says, and when it counts as served: pure, by what is handed in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from server.law.rules import SHANGHAI, Calendar, Term, local_day

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
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
WANTS_DEADLINE = ("rectification", "listing")
_BLANK = re.compile(r"[\s《》〈〉]+")
_NUMBER = re.compile(r"\d号?$")
_EDITION = re.compile(r"[（(][^）)]*(修|版|\d{4}年)")
OWN = ("本工程", "本项目")
_PLACE = re.compile(r"\{([a-z_]+)\}")


def is_uscc(said: str) -> bool:
    """Whether a text is a 统一社会信用代码 whose check digit holds (GB 32100-2015)."""
    if len(said) != 18 or any(c not in ALPHABET for c in said):
        return False
    total = sum(ALPHABET.index(c) * w for c, w in zip(said, WEIGHTS, strict=False))
    return ALPHABET[(31 - total % 31) % 31] == said[17]


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
        wanting += [f"{f['issue']}/due_on" for f in facts if not f["due_on"]]
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
    """`1个工作日内`."""
    return f"{term.days}个工作日内" if term.unit == "working" else f"{term.days}日内"


@dataclass(frozen=True, slots=True)
class Served:
    """送达: what starts the clocks of a paper's issues. `served_at` is when it was handed over,
    `served_on` the day from which it counts (another one where it is only deemed served).
    """

    dossier: str
    notice: str
    issues: tuple[str, ...]
    served_at: str
    served_on: date


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


def premature(service: Mapping[str, Any], issued_at: str, now: datetime) -> bool:
    """Whether a service is said to lie before the paper's day, or ahead of the clock."""
    at = datetime.fromisoformat(service["at"])
    return local_day(at) < local_day(datetime.fromisoformat(issued_at)) or at > now + timedelta(minutes=2)


def owed(body: Mapping[str, Any]) -> bool:
    """Whether the server still owes the record something: the paper's number, or its clock."""
    if "number" not in body:
        spoilt = body["state"] == "voided" and "block" in body and "faults" not in body
        return body["state"] == "issued" or spoilt
    return body["state"] in ("served", "answered") and "served_on" not in body


def unsettled(body: Mapping[str, Any]) -> bool:
    """Whether anything is owed, the PDF included."""
    return owed(body) or ("paper" in body and "pdf_sha256" not in body)
