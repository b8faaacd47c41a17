"""The read model of inspections."""

from sqlalchemy import BigInteger, Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class InspectionRow(Model):
    """One visit as lists read it."""

    __tablename__ = "inspections"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    audience: Mapped[str] = mapped_column(String(80))
    deleted: Mapped[bool] = mapped_column(Boolean)
    inspection_type: Mapped[str] = mapped_column(String(40))
    arrived_at: Mapped[str] = mapped_column(String(24))
    conclusion: Mapped[str | None] = mapped_column(String(20))
    part: Mapped[str | None] = mapped_column(String(200))
    __table_args__ = (
        Index("inspections_arrived", "arrived_at", "id"),
        Index("inspections_dossier", "dossier", "arrived_at"),
    )
