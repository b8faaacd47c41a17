"""gunicorn's settings and hooks: what each worker does once it is forked."""

import gc
import sys
from typing import Any

from flask import Flask
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger

from . import caretaker, figures, logs
from .neighbours import Seat

figures.folder()
OURS = ("server", "sync", "media")


class Structured(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines in the form of all others."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does it, then with our handler."""
        super().setup(cfg)
        self.error_log.handlers = [logs.handler()]
        logs.take_over()


logger_class = Structured
worker_class = "server.reception.Reception"
# Python waits without end inside its sendfile, whatever the socket's own limit.
sendfile = False
# The access log is ours, structured (passage.py).
accesslog = None
errorlog = "-"
# Longer than a proxy keeps its connections: it closes first, and no request meets a closed one.
keepalive = 75
# Who forwards for whom is proxies.py's question, asked once and for all headers.
forwarded_allow_ips = ""


def application() -> Flask:
    """The house of the environment. Raises AppImportError, which gunicorn tells without a trace, where
    the settings are wrong.
    """
    from .app import create_app  # in the worker alone
    from .cli import sentence

    try:
        return create_app()
    except Exception as wrong:
        said = sentence(wrong)
        if said is None:
            raise
        raise AppImportError(f"Error: {said}") from None


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker loads the house anew, so that HUP brings new code and none that is half of the old: what
    this process was forked with is as old as the master.

    What it loads stays, so the collector, a sixth of the time, is not asked meanwhile.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    gc.disable()


def post_worker_init(worker: Any) -> None:
    """See that the periodic jobs run beside this node's workers.

    What was loaded until now stays for good: the collector need not walk over it again.
    """
    from . import readonly, standby  # only where the folder is named

    gc.collect()
    gc.freeze()
    gc.enable()
    app: Flask = worker.app.callable
    here = app.extensions["office"]
    readonly.watch(app, here.readonly)
    standby.watch(app, here.standby)
    caretaker.keep(here.config.scratch)


def worker_exit(_server: Any, worker: Any) -> None:
    """A worker goes: what it has counted of refusals and not told yet is told."""
    from . import passage  # only where the folder is named

    app = getattr(getattr(worker, "app", None), "callable", None)
    if isinstance(app, Flask):
        with app.app_context():
            passage.tell_refusals()


def child_exit(_server: Any, worker: Any) -> None:
    """A worker is gone: its open connections no longer count, neither in the figures nor at the door."""
    from prometheus_client import multiprocess  # only where the folder is named, and nothing of ours

    Seat(worker.age).leave()
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
