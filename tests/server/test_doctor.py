"""The doctor tells a store that keeps its promises from one that does not."""

import pytest
from click.testing import Result

from media.doctor import PROBES
from server.app import create_app
from server.cli import main
from tests.support.house import config_for
from tests.support.seaweed import SeaweedServer, client

pytestmark = pytest.mark.usefixtures("credentials")


def examined(seaweed: SeaweedServer, tmp_path, bucket: str, *options: str) -> Result:
    where = f"s3://{bucket}?endpoint=http://127.0.0.1:{seaweed.port}&prefix={tmp_path.name}"
    app = create_app(config_for(f"sqlite:///{tmp_path}/x.db", tmp_path, XUNJIAN_MEDIA_URL=where))
    return app.test_cli_runner().invoke(main.commands["doctor"], ["s3", *options])


def test_a_bucket_with_object_lock_is_fit_for_the_archive(seaweed, tmp_path) -> None:
    client(seaweed.port).create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    found = examined(seaweed, tmp_path, "locked", "--archive")
    assert found.exit_code == 0, found.output
    assert "not fit" not in found.output
    assert "体检 doctor" in found.stderr and "100%" in found.stderr
    assert f"/{len(PROBES)} 项通过" in found.stdout and len(PROBES) == 40


def test_a_bucket_without_versions_serves_photographs_and_no_archive(seaweed, tmp_path) -> None:
    found = examined(seaweed, tmp_path, "media")
    assert found.exit_code == 0 and "not fit for archive mode" in found.output
    assert examined(seaweed, tmp_path, "media", "--archive").exit_code == 1


def test_a_house_with_a_folder_is_told_that_there_is_nothing_to_examine(tmp_path) -> None:
    app = create_app(config_for(f"sqlite:///{tmp_path}/x.db", tmp_path))
    found = app.test_cli_runner().invoke(main.commands["doctor"], ["s3"])
    assert found.exit_code == 1 and "names a folder" in found.output
