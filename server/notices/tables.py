"""The read models of notices."""

from sqlalchemy import Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model, RecordRow


class NoticeRow(RecordRow):
    """One paper as lists read it."""

    __tablename__ = "notices"
    state: Mapped[str] = mapped_column(String(20))
    notice_kind: Mapped[str] = mapped_column(String(20))
    drafted_at: Mapped[str] = mapped_column(String(24))
    addressee: Mapped[str | None] = mapped_column(String(18))
    addressee_name: Mapped[str | None] = mapped_column(String(120))
    number: Mapped[str | None] = mapped_column(String(60))
    temporary_no: Mapped[str | None] = mapped_column(String(24))
    issued_at: Mapped[str | None] = mapped_column(String(24))
    served_at: Mapped[str | None] = mapped_column(String(24))
    served_on: Mapped[str | None] = mapped_column(String(10))
    reply_due_on: Mapped[str | None] = mapped_column(String(10))
    token: Mapped[str | None] = mapped_column(String(40))
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    faulty: Mapped[bool] = mapped_column(Boolean)
    unsettled: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (
        Index("notices_drafted", "drafted_at", "dossier", "id"),
        Index("notices_state", "state", "drafted_at"),
        Index("notices_token", "token", unique=True),
        Index("notices_id", "id"),
        Index("notices_unsettled", "unsettled"),
    )


class ItemRow(Model):
    """An issue on a paper that was issued."""

    __tablename__ = "notice_items"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    issue: Mapped[str] = mapped_column(String(36), primary_key=True)
    notice: Mapped[str] = mapped_column(String(36), primary_key=True)
