"""What stands in a file of issues: its columns, in Chinese and English, and what it was narrowed by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from server.issues.records.issue import DOMAINS, LIFECYCLE, SEVERITIES
from server.law.rules import SHANGHAI

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "pdf": "application/pdf",
}
STATES = ("waiting", "working", "ready", "failed", "expired")
PDF_ROWS = 2_000  # about ninety pages; who wants more wants a table that can be filtered
OPEN = 3  # files that somebody may have in the making at once
KEPT = timedelta(hours=24)
Item = Mapping[str, Any]  # an issue as the queue's API tells it


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what stands in it, and its share of a printed line (0: not printed)."""

    zh: str
    en: str
    of: Callable[[Item], str | int | bool | date | None]
    share: float = 0

    @property
    def title(self) -> str:
        """The heading, Chinese first."""
        return f"{self.zh} {self.en}"


def moment(said: str | None) -> datetime | None:
    """An instant as a clock in Beijing shows it, without a zone, as spreadsheets want it."""
    if said is None:
        return None
    return datetime.fromisoformat(said).astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)


def day(said: str | None) -> date | None:
    """A day."""
    return None if said is None else date.fromisoformat(said)


def _word(words: Mapping[str, str], name: str) -> Callable[[Item], str]:
    """A code in Chinese and, being an English word, as it is."""
    return lambda item: f"{words[item[name]]} {item[name].replace('_', ' ')}"


def _yes(said: bool) -> str:
    return "是 yes" if said else "否 no"


COLUMNS = (
    Column("项目", "Project", lambda i: i["project"] or i["dossier"], 1.6),
    Column("部位", "Part", lambda i: i["part"], 1.1),
    Column("标题", "Title", lambda i: i["title"], 2.2),
    Column("类别", "Domain", _word(DOMAINS, "domain"), 0.9),
    Column("隐患等级", "Severity", _word(SEVERITIES, "severity"), 0.7),
    Column("状态", "State", _word(LIFECYCLE.states, "state"), 0.9),
    Column("发现时间", "Found", lambda i: moment(i["found_at"]), 0.9),
    Column("整改期限", "Due", lambda i: day(i["due_on"]), 0.9),
    Column("逾期", "Overdue", lambda i: _yes(i["overdue"]), 0.5),
    Column("责任人", "Assignee", lambda i: (i["assignee"] or {}).get("name"), 0.8),
    Column("责任单位", "Contractor", lambda i: i["contractor_name"] or i["contractor"], 1.4),
    Column("责任单位代码", "Contractor's code", lambda i: i["contractor"]),
    Column("隐患编码", "Code", lambda i: i["code"]),
    Column("下达时间", "Issued", lambda i: moment(i["issued_at"])),
    Column("回复时间", "Replied", lambda i: moment(i["replied_at"])),
    Column("复查合格时间", "Passed", lambda i: moment(i["passed_at"])),
    Column("销号时间", "Closed", lambda i: moment(i["closed_at"])),
    Column("停表日期", "Clock stands since", lambda i: day(i["paused_on"])),
    Column("证据已入库", "Evidence stored", lambda i: i["evidence"]["stored"]),
    Column("证据总数", "Evidence named", lambda i: i["evidence"]["total"]),
    Column("问题编号", "Id", lambda i: i["id"]),
    Column("案卷", "Dossier", lambda i: i["dossier"]),
)
PRINTED = tuple(column for column in COLUMNS if column.share)
TITLES = tuple(column.title for column in COLUMNS)
_FILTERS = {
    "dossier": "案卷 dossier",
    "state": "状态 state",
    "severity": "等级 severity",
    "domain": "类别 domain",
    "assignee": "责任人 assignee",
    "due_before": "期限早于 due before",
    "due_after": "期限晚于 due after",
    "overdue": "逾期 overdue",
    "text": "文字 text",
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "state": LIFECYCLE.states,
    "severity": SEVERITIES,
    "domain": DOMAINS,
}


def row(item: Item) -> list[str | int | bool | date | None]:
    """An issue's line, a value for each column."""
    return [column.of(item) for column in COLUMNS]


def printed(item: Item) -> list[str]:
    """An issue's line on paper; of a moment the day, of two languages the first."""
    return [_short(column.of(item)) for column in PRINTED]


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return str(value)


def summary(narrowed: Mapping[str, Any]) -> str:
    """By what the file was narrowed, in words."""
    said = []
    for name, given in narrowed.items():
        values = given if isinstance(given, list) else [given]
        words = _WORDS.get(name, {})
        shown = "、".join(_yes(v) if isinstance(v, bool) else words.get(v, str(v)) for v in values)
        said.append(f"{_FILTERS.get(name, name)}：{shown}")
    return "；".join(said) or "全部 all"
