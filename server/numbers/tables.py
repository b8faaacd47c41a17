"""The read models of blocks and of formal numbers."""

from sqlalchemy import Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model, RecordRow


class BlockRow(RecordRow):
    """One officer's block of numbers; `first` is null until the server has allotted it."""

    __tablename__ = "number_blocks"
    state: Mapped[str] = mapped_column(String(20))
    officer: Mapped[str] = mapped_column(String(36))
    authority: Mapped[str] = mapped_column(String(40))
    notice_kind: Mapped[str] = mapped_column(String(20))
    year: Mapped[int] = mapped_column(SmallInteger)
    size: Mapped[int] = mapped_column(Integer)
    first: Mapped[int | None] = mapped_column(Integer)
    last: Mapped[int | None] = mapped_column(Integer)
    format: Mapped[str | None] = mapped_column(String(60))
    __table_args__ = (
        Index("number_blocks_register", "authority", "notice_kind", "year", "first"),
        Index("number_blocks_id", "id"),
    )


class NumberRow(Model):
    """A formal number that is used or void; what a block still holds has no row."""

    __tablename__ = "numbers"
    authority: Mapped[str] = mapped_column(String(40), primary_key=True)
    notice_kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(400))
    home: Mapped[str | None] = mapped_column(String(96))
    notice: Mapped[str | None] = mapped_column(String(36))
    block: Mapped[str | None] = mapped_column(String(36))
