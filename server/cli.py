"""The command line: `xunjian …`. Whoever asks for one command waits for that one alone to be loaded."""

import gc
import os
import sys
from collections import UserDict
from importlib import import_module
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo

from .config import WAITING_FOR_DOSSIER, Config

# All of them together are two seconds of loading.
COMMANDS = {
    "archive": "server.archives.commands:archive",
    "backup": "server.backups.commands:backup",
    "checklist": "server.inspections.commands:checklist",
    "db": "flask_migrate.cli:db",
    "demo": "server.demo.commands:demo",
    "device": "server.enrolments.commands:device",
    "doctor": "server.doctor:doctor",
    "erasure": "server.erasures.commands:erasure",
    "export": "server.cases.commands:export",
    "keys": "server.evidence.commands:keys",
    "law": "server.law.commands:law",
    "media": "server.storekeeper:media",
    "migrate": "server.commands:migrate",
    "notify": "server.notifications.commands:notify",
    "openapi": "server.commands:openapi_command",
    "organisation": "server.organisations.commands:organisation",
    "readonly": "server.commands:read_only",
    "rebuild": "server.commands:rebuild",
    "replay": "server.replay:replay",
    "restore": "server.backups.commands:restore",
    "user": "server.commands:user",
    "verify": "server.commands:verify",
    "webhook": "server.webhooks.commands:webhook",
}

MISSING = ("42P01", "42703")  # undefined_table, undefined_column: what SQLite calls "no such …"


class Known(UserDict[str, Any]):
    """Commands by name; where one stands becomes the command itself when it is first asked for."""

    def __getitem__(self, name: str) -> click.Command:
        found = self.data[name]
        if isinstance(found, str):
            module, _, what = found.partition(":")
            found = self.data[name] = getattr(_loaded(module), what)
        assert isinstance(found, click.Command)
        return found


def _loaded(module: str) -> Any:
    """A module. What loading makes stays, so the collector, a sixth of the time, is not asked meanwhile."""
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def _application() -> Flask:
    from .app import create_app  # only the command that wants the house waits for it

    return create_app()


main = click.Group(
    "xunjian",
    commands=Known(COMMANDS),
    context_settings={"obj": ScriptInfo(create_app=_application)},
    help="巡检: field inspection with offline sync. Settings: the environment, see server/config.py.",
)


@main.command()
@click.option("--workers", default=2, show_default=True, help="Processes; one for each core.")
@click.option(
    "--threads",
    # The pushes of one dossier may hold every thread, a photograph may enter beside them, and still
    # none is refused: the next requests wait in the server's queue, in their order. With more threads
    # the ninth that waits gets a 503.
    default=WAITING_FOR_DOSSIER,
    show_default=True,
    help="Threads a process; with more, a busy dossier refuses pushes (503) instead of queueing them. "
    "Uploads have their own.",
)
def serve(workers: int, threads: int) -> None:
    """启动服务 Serve on XUNJIAN_BIND with gunicorn."""
    config = Config.from_environment()
    arguments = [
        *(sys.executable, "-m", "gunicorn", "--config", "python:server.gunicorn"),
        *("--bind", config.bind, "--workers", str(workers), "--threads", str(threads)),
        *("--graceful-timeout", "10", "--timeout", "60", "--no-control-socket"),
        "server.gunicorn:application()",
    ]
    click.echo(f"  工作台 desk    http://{config.bind}/desk/")
    click.echo(f"  手机端 phone   http://{config.bind}/phone/")
    click.echo(f"  接口 API       http://{config.bind}/api/v1/config")
    click.echo(f"  健康 health    http://{config.bind}/healthz")
    sys.stdout.flush()
    os.execv(sys.executable, arguments)  # noqa: S606  # the server takes this process over


def sentence(wrong: Exception) -> str | None:
    """What is wrong with the settings, in one sentence; None where the fault is ours and wants its trace."""
    # `serve` does not wait for it.
    from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

    if isinstance(wrong, (ValueError, ArgumentError)):
        return str(wrong)
    if not isinstance(wrong, (OperationalError, ProgrammingError)):
        return None
    said = (str(wrong.orig).strip() or "no answer").splitlines()[0]
    if getattr(wrong.orig, "sqlstate", None) in MISSING or said.startswith("no such "):
        return f"the database is not of this release ({said}). Run `xunjian migrate`."
    if isinstance(wrong, ProgrammingError):
        return None
    return f"the database does not answer ({said}). See that it runs and that its address is right."


def run() -> None:
    """The entry point: settings that are wrong end in one sentence, not in a trace."""
    try:
        main()
    except Exception as wrong:
        said = sentence(wrong)
        if said is None:
            raise
        raise SystemExit(f"Error: {said}") from None


if __name__ == "__main__":
    run()
