"""Which records of a dossier contain which characters and pairs of characters (decision 0033)."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class GramRow(Model):
    """One gram in up to 4,096 records of a dossier: a bit for each place, the first place first."""

    __tablename__ = "grams"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    gram: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    places: Mapped[bytes] = mapped_column(LargeBinary)


class PlaceRow(Model):
    """A record's place, for as long as it is searched for, and which words it was entered with."""

    __tablename__ = "places"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    record: Mapped[str] = mapped_column(String(36))
    digest: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index("places_record", "dossier", "record", unique=True),)
