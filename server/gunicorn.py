"""gunicorn's hooks: what each worker starts once it is forked."""

from typing import Any

from flask import Flask

from . import scheduler

# The access log is ours, structured (app.py).
accesslog = None
errorlog = "-"


def post_worker_init(worker: Any) -> None:
    """Start the periodic jobs; one worker of one node leads."""
    app: Flask = worker.app.callable
    scheduler.start(app)
