"""What one running node holds: settings, journal, store, clock; made once by app.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from media.store import Store
    from media.tus import Tus
    from media.uploads import Uploads
    from sync.change import Change, Unreadable
    from sync.journal import Journal, Pushed
    from sync.minutes import Touched

    from .carriers import Carriers
    from .config import Config
    from .endpoint import Actor
    from .limits import Limits
    from .outgoing import Outgoing
    from .provider import Provider
    from .readonly import ReadOnly
    from .refusals import Refusals
    from .sealing import Seal
    from .signing import Signing
    from .stamping import Stamping
    from .standby import Standby
    from .watchbook import Glances


@dataclass(slots=True, kw_only=True)
class Office:
    """The parts that features reach for; tests hand in their own clock and ids."""

    config: Config
    journal: Journal
    store: Store
    archive: Store
    uploads: Uploads
    tus: Tus
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    identify: Callable[[str], Actor]
    followers: Mapping[str, Callable[[str, Sequence[Touched]], None]]
    completions: Mapping[str, Callable[[Connection, Sequence[Touched]], None]]
    seal: Seal
    signing: Signing
    stamping: Stamping | None
    attest: Callable[[str, Sequence[Change | Unreadable], Pushed], None]
    outgoing: Outgoing
    carriers: Carriers
    provider: Provider | None
    limits: Limits
    readonly: ReadOnly
    standby: Standby | None
    refusals: Refusals
    glances: Glances


def office() -> Office:
    """The office of the application at work."""
    return cast(Office, current_app.extensions["office"])
