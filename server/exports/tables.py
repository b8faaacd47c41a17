"""Files that somebody asked for: by which filters, how far they are, until when they can be fetched."""

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class ExportRow(Model):
    """One file: `waiting`, `working`, `ready`, `failed` (`why`) or `expired`.

    `claimed_by` is who makes it now, until `claimed_until`; who dies leaves a claim that runs out,
    and the next one makes the file from its first row. The line stays when the file has gone: who
    took what out of the house, and when. `case_of` is the dossier whose case it is (server/cases),
    null for the queue.
    """

    __tablename__ = "exports"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(36))
    case_of: Mapped[str | None] = mapped_column(String(96))
    form: Mapped[str] = mapped_column(String(4))
    filter: Mapped[str] = mapped_column(Text)
    sort: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str | None] = mapped_column(String(40))
    rows_done: Mapped[int] = mapped_column(Integer)
    rows_total: Mapped[int] = mapped_column(Integer)
    asked_at: Mapped[str] = mapped_column(String(24))
    made_at: Mapped[str | None] = mapped_column(String(24))
    expires_at: Mapped[str | None] = mapped_column(String(24))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    claimed_by: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (
        Index("exports_owner", "owner", "asked_at"),
        Index("exports_state", "state", "rows_total"),
    )
