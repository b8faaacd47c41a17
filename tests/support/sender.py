"""A node that does nothing but send: `python -m tests.support.sender JOB SHIFT_S`, to be killed.

Its settings come from the environment; its clock is SHIFT_S ahead.
"""

import sys
from datetime import UTC, datetime, timedelta

from server.app import create_app
from server.notifications.jobs import send_all
from server.webhooks.jobs import deliver_all

JOBS = {"notifications": send_all, "webhooks": deliver_all}


def main(job: str, shift_s: str) -> None:
    """Run one job once, and say how many it sent."""
    shift = timedelta(seconds=float(shift_s))
    app = create_app(clock=lambda: datetime.now(UTC) + shift)
    with app.app_context():
        print(JOBS[job](), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
