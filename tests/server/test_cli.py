"""The command line names every command, loads the one that is asked for, and says plainly what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from server import cli
from tests.support.live import REPOSITORY


@pytest.mark.parametrize("name", sorted(cli.main.commands))
def test_every_command_is_where_the_list_says(name: str) -> None:
    found = cli.main.commands[name]
    assert (found.name, bool(found.help)) == (name, True)
    assert isinstance(found, click.Command)


def test_serving_waits_for_nothing_but_the_server() -> None:
    """`serve` hands the process over; what it loaded first would be loaded twice at each start."""
    asked = "import sys, server.cli as c; c.main.commands['serve']; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], cwd=REPOSITORY, capture_output=True, check=True)
    loaded = set(told.stdout.decode().split())
    assert not loaded & {"server.app", "server.commands", "sqlalchemy", "alembic", "boto3"}


def test_a_command_that_is_none_is_refused_in_one_sentence() -> None:
    told = subprocess.run([sys.executable, "-m", "server.cli", "sevre"], cwd=REPOSITORY, capture_output=True)
    assert told.returncode == 2
    assert "No such command 'sevre'" in told.stderr.decode()


def test_a_worker_tells_wrong_settings_without_a_trace_and_a_fault_of_ours_with_it(tmp_path: Path) -> None:
    wrong = {"XUNJIAN_VAR": str(tmp_path), "XUNJIAN_DATABASE_URL": "nonsense"}
    told = subprocess.run(
        [sys.executable, "-c", STARTS],
        cwd=REPOSITORY,
        env=os.environ | wrong,
        capture_output=True,
        check=True,
    )
    settings, fault = told.stdout.decode().splitlines()
    assert settings == "AppImportError Error: Could not parse SQLAlchemy URL from given URL string True"
    assert fault == "LookupError ours False"


@pytest.mark.parametrize("lacks", ["SELECT 1 FROM not_yet", "SELECT not_yet FROM dossiers"])
def test_a_database_of_another_release_is_to_be_migrated_and_one_that_is_away_is_not(
    database_url: str, lacks: str
) -> None:
    assert "Run `xunjian migrate`" in said_of(database_url, lacks)
    away = "sqlite:////nowhere/at/all.db" if "sqlite" in database_url else AWAY
    assert said_of(away, "SELECT 1").endswith("See that it runs and that its address is right.")


def said_of(url: str, statement: str) -> str:
    """What the command line says where the database answers this statement with an error."""
    engine = create_engine(url)
    try:
        with pytest.raises(DBAPIError) as wrong, engine.connect() as conn:
            conn.exec_driver_sql(statement)
    finally:
        engine.dispose()
    return str(cli.sentence(wrong.value))


AWAY = "postgresql+psycopg://somebody@127.0.0.1:1/nothing"
STARTS = """
from server import gunicorn, app
def broken():
    raise LookupError("ours")
for make in (app.create_app, broken):
    app.create_app = make
    try:
        gunicorn.application()
    except Exception as wrong:
        print(type(wrong).__name__, wrong, wrong.__suppress_context__)
"""
