"""两名以上执法人员: who may inspect on a day, held against what an inspection says (行政处罚法 art. 42, 43).

The guard of the kind `inspection`: asked under the dossier's lock whenever one is finished, or a
finished one is changed in what the rule looks at. The licence and the recusal count as the office knows
them at that moment. Whenever one names a checklist, that has been published.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
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
from sync.minutes import State
from sync.record import Body

from . import checklists
from .checklists import day_of

_r = cast(Table, RecusalRow.__table__)
BROKEN = ("too-few-officers", "officer-unlicensed", "officer-recused", "no-provision", "template-unpublished")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rule asks of all these inspections, each read when it is first needed, and once: a draft
    needs nothing. `officers` and `checklists` are those that the records or the changes name.
    """

    conn: Connection
    dossier: str
    officers: Set[str]
    checklists: Set[str]

    @cached_property
    def published(self) -> Set[str]:
        """The checklists that have been published."""
        return checklists.published(self.conn, sorted(self.checklists))

    @cached_property
    def rules(self) -> Sequence[Provision]:
        """The editions of the rule."""
        return law.editions(self.conn, "officers")

    @cached_property
    def firms(self) -> Set[str | None]:
        """Whoever builds, pays for or supervises the works is who is inspected (回避: domain.md §1.3)."""
        parties = projects.parties(self.conn, self.dossier)
        return {parties.get(name) for name in ("client", "contractor", "supervision_firm")} - {None}

    @cached_property
    def licensed_until(self) -> Mapping[str, date]:
        """The last day of each officer's licence."""
        return people.licensed(self.conn, self.officers)

    @cached_property
    def recusals(self) -> Sequence[Any]:
        """Whom these officers may not inspect."""
        return self.conn.execute(
            select(_r).where(
                _r.c.dossier == office().config.office,
                _r.c.deleted.is_(False),
                bulk.among(self.conn, _r.c.officer, sorted(self.officers)),
            )
        ).all()

    def check(self, before: Body, after: Body) -> str | None:
        """The rule that the inspection would break as it would stand, or None."""
        return self._covering(after)._check(before, after)

    def _covering(self, after: Body) -> "Facts":
        """These facts; or others, where a reviewer's decision brings in whom no change has named."""
        officers = frozenset(after.get("officers", ()))
        chosen = frozenset({after["checklist"]} if after.get("checklist") else ())
        if officers <= self.officers and chosen <= self.checklists:
            return self
        return replace(self, officers=officers, checklists=chosen)

    def _check(self, before: Body, after: Body) -> str | None:
        chosen = after.get("checklist")
        if chosen != before.get("checklist") and chosen is not None and chosen not in self.published:
            return "template-unpublished"
        was, now = (body.get("state", "draft") for body in (before, after))
        same = all(before.get(n) == after.get(n) for n in GUARD.watches - {"state", "checklist"})
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
        firms = self.firms | {after.get("firm")}
        if any(self._recused(o, firms, day) for o in officers):
            return "officer-recused"
        licensed = [o for o in officers if o in self.licensed_until and day <= self.licensed_until[o]]
        if rule.value["licensed"] and len(licensed) < rule.value["least"]:
            return "officer-unlicensed"
        return None

    def _recused(self, officer: str, firms: Set[str | None], day: date) -> bool:
        return any(
            r.officer == officer
            and r.valid_from <= day <= (r.valid_to or day)
            and (r.project in (None, self.dossier))
            and (r.firm is None or r.firm in firms)
            for r in self.recusals
        )


def facts(
    conn: Connection,
    dossier: str,
    bodies: Sequence[Body],
    changes: Sequence[Change],
    _states: Mapping[str, State],
) -> Check:
    """What the rule asks of all these inspections: at most six statements."""
    named = {o for body in bodies for o in body.get("officers", ())}
    named |= {o for c in changes for o in c.fields.get("officers", {}).get("add", ())}
    chosen = {c.fields["checklist"]["set"] for c in changes if "checklist" in c.fields}
    chosen |= {body["checklist"] for body in bodies if "checklist" in body}
    return Facts(conn=conn, dossier=dossier, officers=named, checklists=chosen - {None}).check


GUARD = Guard(
    codes=frozenset(BROKEN),
    watches=frozenset({"state", "officers", "inspection_type", "arrived_at", "firm", "checklist"}),
    facts=facts,
)
