"""What measures count: an issue between two days, with the days on which its steps were taken.

Read from the journal by a follower, so that a figure can be had as of any day. Days are ordinals
(date.toordinal), for windows of days are sums then, on either database.
"""

from datetime import date

from sqlalchemy import Boolean, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model

NEVER = date.max.toordinal()  # what has not happened, so that no comparison meets a null


class MeasuredRow(Model):
    """One issue as it stood at the end of the days from `since_on` up to and without `until_on`.

    Grade, deadline, pause and referral begin a new row where they change. All else is the same in
    every row of an issue: steps bear their own day, and a code or a firm that is put right was wrong.
    """

    __tablename__ = "measured"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    issue: Mapped[str] = mapped_column(String(36), primary_key=True)
    since_on: Mapped[int] = mapped_column(Integer, primary_key=True)
    until_on: Mapped[int] = mapped_column(Integer)
    gravity: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[int] = mapped_column(Integer)
    paused: Mapped[bool] = mapped_column(Boolean)
    # 移送: another authority has it.
    away: Mapped[bool] = mapped_column(Boolean)
    audience: Mapped[str] = mapped_column(String(80))
    domain: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(40))
    contractor: Mapped[str | None] = mapped_column(String(18))
    found_on: Mapped[int] = mapped_column(Integer)
    # First issued, first failed: a later repetition does not move an issue into another cohort.
    issued_on: Mapped[int] = mapped_column(Integer)
    failed_on: Mapped[int] = mapped_column(Integer)
    passed_on: Mapped[int] = mapped_column(Integer)
    closed_on: Mapped[int] = mapped_column(Integer)
    # 不成立, 已合并, 已撤销.
    void_on: Mapped[int] = mapped_column(Integer)
    # Since when the proof rests: a picture from before, one from after, the firm's reply.
    before_on: Mapped[int] = mapped_column(Integer)
    after_on: Mapped[int] = mapped_column(Integer)
    replied_on: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        Index("measured_issued", "issued_on"),
        # Alone enough to tell whether a hazard has come back: asked once for each issue of a cohort.
        Index("measured_code", "dossier", "code", "found_on", "void_on", "issue", "audience"),
    )
