"""两名以上执法人员: who may inspect on a day, held against what an inspection says (行政处罚法 art. 42, 43).

The guard of the kind `inspection`: asked under the dossier's lock whenever one is finished, or a
finished one is changed in what the rule looks at. The licence and the recusal count as the office knows
them at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server.inspections.tables import RecusalRow
from server.law import queries as law
from server.law.queries import Provision
from server.office import office
from server.people import queries as people
from server.projects import queries as projects
from sync import bulk
from sync.change import Change
from sync.guards import Check, Guard
from sync.record import Body

from .checklists import day_of

_r = cast(Table, RecusalRow.__table__)
BROKEN = ("too-few-officers", "officer-unlicensed", "officer-recused", "no-provision")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read: the rule's editions, licences' last days, recusals, and the site's contractor."""

    dossier: str
    contractor: str | None
    rules: Sequence[Provision]
    licensed_until: Mapping[str, date]
    recusals: Sequence[Any]

    def check(self, before: Body, after: Body) -> str | None:
        """The rule that the inspection would break as it would stand, or None."""
        was, now = (body.get("state", "draft") for body in (before, after))
        same = all(before.get(n) == after.get(n) for n in GUARD.watches - {"state"})
        # Reviewed or published, it is what it was when it was finished.
        return None if now == "draft" or (was != "draft" and same) else self._broken(after)

    def _broken(self, after: Body) -> str | None:
        day = day_of(after["arrived_at"])
        rule = next((p for p in self.rules if p.valid_from <= day <= (p.valid_to or day)), None)
        if rule is None:
            return "no-provision"
        if after["inspection_type"] not in rule.value["types"]:
            return None
        officers = after.get("officers", ())
        if len(officers) < rule.value["least"]:
            return "too-few-officers"
        firms = (after.get("firm"), self.contractor)
        if any(self._recused(o, firms, day) for o in officers):
            return "officer-recused"
        licensed = [o for o in officers if o in self.licensed_until and day <= self.licensed_until[o]]
        if rule.value["licensed"] and len(licensed) < rule.value["least"]:
            return "officer-unlicensed"
        return None

    def _recused(self, officer: str, firms: tuple[str | None, ...], day: date) -> bool:
        return any(
            r.officer == officer
            and r.valid_from <= day <= (r.valid_to or day)
            and (r.project in (None, self.dossier))
            and (r.firm is None or r.firm in firms)
            for r in self.recusals
        )


def facts(conn: Connection, dossier: str, bodies: Sequence[Body], changes: Sequence[Change]) -> Check:
    """Read what the rule asks of all these inspections: four statements."""
    named = {o for body in bodies for o in body.get("officers", ())}
    named |= {o for c in changes for o in c.fields.get("officers", {}).get("add", ())}
    recusals = conn.execute(
        select(_r).where(
            _r.c.dossier == office().config.office,
            _r.c.deleted.is_(False),
            bulk.among(conn, _r.c.officer, sorted(named)),
        )
    ).all()
    rules = law.editions(conn, "officers")
    contractor = projects.contractor(conn, dossier)
    return Facts(dossier, contractor, rules, people.licensed(conn, named), recusals).check


GUARD = Guard(
    codes=frozenset(BROKEN),
    watches=frozenset({"state", "officers", "inspection_type", "arrived_at", "firm"}),
    facts=facts,
)
