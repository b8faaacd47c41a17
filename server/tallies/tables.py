"""Issues that have been counted beforehand: the queue's counts add some rows a dossier, not its issues."""

from datetime import date

from sqlalchemy import Date, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model

PAST = date(1970, 1, 1)


class TallyRow(Model):
    """`number` issues of a dossier that are alike in all that is counted.

    They stood so at the seq up to which the follower `tallies` has read the dossier.
    """

    __tablename__ = "tallies"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    audience: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(20), primary_key=True)
    gravity: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    # The deadline whose clock runs; NO_DEADLINE where it does not run, or stands still. What was
    # overdue when it was counted is so on every later day: PAST stands for all those days.
    due_on: Mapped[date] = mapped_column(Date, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
