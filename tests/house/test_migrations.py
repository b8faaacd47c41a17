"""Migrations lead to exactly the tables that the code expects, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from media.tables import metadata as media_tables
from server.app import create_app
from server.database import db
from sync.tables import metadata as sync_tables
from tests.support.house import House


def test_the_migrated_database_has_the_tables_of_the_code(house: House) -> None:
    with house.app.app_context():
        metadata = [db.metadata, sync_tables, media_tables]
        engine = db.engine
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            context.opts["target_metadata"] = metadata
            assert compare_metadata(context, metadata) == []  # type: ignore[arg-type]


def test_every_key_starts_with_the_dossier_where_there_is_one(house: House) -> None:
    """So that PostgreSQL can be partitioned or distributed by it without a code change."""
    with house.app.app_context():
        inspector = inspect(db.engine)
        for table in inspector.get_table_names():
            columns = [c["name"] for c in inspector.get_columns(table)]
            keys = inspector.get_pk_constraint(table)["constrained_columns"]
            if "dossier" in columns and table != "posts":
                assert keys[0] == "dossier", table


def test_migrations_can_be_taken_back_while_there_is_no_data(database_url: str) -> None:
    import flask_migrate

    from tests.support.house import config_for

    pytest.importorskip("alembic")
    from pathlib import Path
    from tempfile import mkdtemp

    app = create_app(config_for(database_url, Path(mkdtemp())))
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        db.engine.dispose()
        left = set(inspect(create_engine(database_url)).get_table_names())
        assert left <= {"alembic_version"}
        flask_migrate.upgrade()
        db.engine.dispose()


def test_what_the_previous_release_writes_after_0006_is_a_photograph(database_url: str) -> None:
    from pathlib import Path
    from tempfile import mkdtemp

    import flask_migrate
    from sqlalchemy import text

    from tests.support.house import config_for

    app = create_app(config_for(database_url, Path(mkdtemp())))
    write = text(
        "INSERT INTO photos (dossier, id, version, audience, deleted, subject, sha256, size, mime, taken_at,"
        " stored) VALUES ('project:p', :id, 1, 'field', false, 's', 'd', 1, 'image/jpeg', '2026', false)"
    )
    with app.app_context():
        flask_migrate.downgrade(revision="0005")
        with db.engine.begin() as connection:
            connection.execute(write, {"id": "before"})
        flask_migrate.upgrade()
        with db.engine.begin() as connection:
            connection.execute(write, {"id": "after"})
            found = connection.execute(text("SELECT id, kind FROM photos ORDER BY id")).all()
            assert found == [("after", "photo"), ("before", "photo")]
            connection.execute(text("DELETE FROM photos"))
        db.engine.dispose()


def test_0020_leaves_what_the_previous_release_wrote_to_the_job(database_url: str) -> None:
    from pathlib import Path
    from tempfile import mkdtemp

    import flask_migrate
    from sqlalchemy import text

    from tests.support.house import config_for

    write = text(
        "INSERT INTO issues (dossier, id, version, audience, deleted, state, gravity, domain, title, due_on,"
        " found_at, words, failed) VALUES ('project:p', 'a', 1, 'field', false, 'submitted', 0, 'dust', 't',"
        " '9999-12-31', '2026', '２号楼', false)"
    )
    app = create_app(config_for(database_url, Path(mkdtemp())))
    with app.app_context():
        flask_migrate.downgrade(revision="0019")
        with db.engine.begin() as connection:
            connection.execute(write)
        flask_migrate.upgrade()
        with db.engine.begin() as connection:
            assert connection.execute(text("SELECT words FROM issues")).scalars().all() == ["２号楼"]
            connection.execute(text("DELETE FROM issues"))
        db.engine.dispose()
