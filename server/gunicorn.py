"""gunicorn's settings and hooks: what each worker does once it is forked."""

import gc
from typing import Any

from flask import Flask

from . import caretaker

worker_class = "server.reception.Reception"
# Python waits without end inside its sendfile, whatever the socket's own limit.
sendfile = False
# The access log is ours, structured (app.py).
accesslog = None
errorlog = "-"
# Longer than a proxy keeps its connections: it closes first, and no request meets a closed one.
keepalive = 75


def post_worker_init(worker: Any) -> None:
    """See that the periodic jobs run beside this node's workers.

    What was loaded until now stays for good: the collector need not walk over it again.
    """
    gc.collect()
    gc.freeze()
    app: Flask = worker.app.callable
    caretaker.keep(app.extensions["office"].config.scratch)
