"""The read model of handovers."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class HandoverRow(RecordRow):
    """One handover as lists read it."""

    __tablename__ = "handovers"
    state: Mapped[str] = mapped_column(String(20))
    giver: Mapped[str | None] = mapped_column(String(36))
    taker: Mapped[str] = mapped_column(String(36))
    proposed_at: Mapped[str] = mapped_column(String(24))
    given_at: Mapped[str | None] = mapped_column(String(24))
    taken_at: Mapped[str | None] = mapped_column(String(24))
    since: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (
        Index("handovers_proposed", "dossier", "proposed_at", "id"),
        Index("handovers_state", "dossier", "state"),
    )
