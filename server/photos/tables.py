"""The read model of photographs and attachments: whatever names bytes at rest."""

from sqlalchemy import BigInteger, Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class PhotoRow(Model):
    """One photograph or attachment: what it belongs to, which bytes it names, whether they are at rest."""

    __tablename__ = "photos"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), server_default="photo")
    version: Mapped[int] = mapped_column(BigInteger)
    audience: Mapped[str] = mapped_column(String(80))
    deleted: Mapped[bool] = mapped_column(Boolean)
    subject: Mapped[str] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    mime: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(String(255))
    caption: Mapped[str | None] = mapped_column(String(400))
    phase: Mapped[str | None] = mapped_column(String(10))
    taken_at: Mapped[str | None] = mapped_column(String(32))  # a photograph always has one
    stored: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (
        Index("photos_subject", "dossier", "subject"),
        Index("photos_digest", "dossier", "sha256"),
        Index("photos_awaited", "stored", "dossier"),
        Index("photos_id", "id"),
    )
