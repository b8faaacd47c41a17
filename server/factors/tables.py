"""What the second factor of each person is."""

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Factor(Model):
    """A person's secret, sealed; it counts once a code made with it was shown."""

    __tablename__ = "factors"
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[str | None] = mapped_column(String(24))
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # a code is good once


class RecoveryCode(Model):
    """A code for when the second device is lost, as a mark; it goes with its use."""

    __tablename__ = "recovery_codes"
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(43), primary_key=True)
