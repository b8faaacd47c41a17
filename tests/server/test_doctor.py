"""The doctor tells a store that keeps its promises from one that does not."""

from pathlib import Path

import pytest
from click.testing import Result

from media.doctor import PROBES
from server.app import create_app
from server.cli import main
from tests.support.house import config_for
from tests.support.seaweed import SeaweedServer, client

pytestmark = pytest.mark.usefixtures("credentials")


def examined(tmp_path: Path, *options: str, **stores: str) -> Result:
    """`stores`: the media's and the archive's address; a folder where none is said."""
    said = {f"XUNJIAN_{name.upper()}_URL": where for name, where in stores.items()}
    app = create_app(config_for(f"sqlite:///{tmp_path}/x.db", tmp_path, **said))
    return app.test_cli_runner().invoke(main.commands["doctor"], ["s3", *options])


def bucket(seaweed: SeaweedServer, tmp_path: Path, name: str) -> str:
    return f"s3://{name}?endpoint=http://127.0.0.1:{seaweed.port}&prefix={tmp_path.name}"


def test_a_store_for_photographs_and_a_bucket_with_object_lock_for_the_archive_are_both_examined(
    seaweed: SeaweedServer, tmp_path: Path
) -> None:
    client(seaweed.port).create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    stores = {"media": bucket(seaweed, tmp_path, "media"), "archive": bucket(seaweed, tmp_path, "locked")}
    found = examined(tmp_path, **stores)
    assert found.exit_code == 0, found.output
    assert "体检 doctor" in found.stderr and "100%" in found.stderr
    photographs, archive = found.stdout.split(" · locked")
    assert "not fit for archive mode" in photographs and "not fit" not in archive
    assert found.stdout.count(f"/{len(PROBES)} 项通过") == 2 and len(PROBES) == 55


def test_a_bucket_without_versions_is_no_archive(seaweed: SeaweedServer, tmp_path: Path) -> None:
    found = examined(tmp_path, archive=bucket(seaweed, tmp_path, "media"))
    assert found.exit_code == 1 and "not fit for archive mode" in found.output


def test_a_house_with_folders_is_told_that_there_is_nothing_to_examine(tmp_path: Path) -> None:
    found = examined(tmp_path)
    assert found.exit_code == 1 and "name folders" in found.output
