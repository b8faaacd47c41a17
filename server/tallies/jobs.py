"""Counts issues beforehand, of the dossiers in which something has happened."""

from sqlalchemy.exc import IntegrityError

from server import transaction
from server.law.rules import local_day
from server.office import office
from sync import followers

from . import queries

AT_ONCE = 200  # dossiers in one transaction: writers wait behind it


def count_all() -> int:
    """Count those that are behind; how many there were.

    Where two nodes do it at once, one finds the other's rows in its way and undoes its own.
    """
    day = local_day(office().clock())
    with transaction.reading() as conn:
        behind = list(followers.behind(conn, queries.FOLLOWER).items())
    done = 0
    for start in range(0, len(behind), AT_ONCE):
        some = behind[start : start + AT_ONCE]
        try:
            with transaction.writing() as conn:
                queries.count(conn, dict(some), day)
        except IntegrityError:
            continue
        done += len(some)
    return done


def begin_anew() -> int:
    """Count every dossier again; as `count_all`."""
    with transaction.writing() as conn:
        followers.forget(conn, queries.FOLLOWER)
    return count_all()
