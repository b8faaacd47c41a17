"""The house's key: a file of its owner's alone, changed in a chain that everybody can follow."""

import pytest
from sqlalchemy import text

from server.cli import main
from server.evidence import actions
from server.office import office
from server.signing import KeyTrouble
from sync import checkpoints, history, notes, statements
from tests.support.house import issue

from .conftest import WJ, Registry


def test_the_private_key_is_a_file_of_its_owner_alone_and_never_in_the_database(registry: Registry) -> None:
    registry.seal()
    with registry.house.app.app_context():
        path = office().signing.path
        secret = office().signing.load().private.private_bytes_raw()  # type: ignore[union-attr]
    assert path.stat().st_mode & 0o777 == 0o600
    with registry.reading() as conn:
        for table in ("house_keys", "checkpoints"):
            rows = conn.execute(text(f"SELECT * FROM {table}")).all()
            assert secret.hex() not in str(rows) and notes.spelled([secret])[0] not in str(rows)
    path.chmod(0o644)
    with registry.house.app.app_context(), pytest.raises(KeyTrouble, match="chmod 600"):
        actions.signer()


def test_a_rotated_key_is_introduced_by_the_one_before_and_both_verify(registry: Registry) -> None:
    first = registry.seal()
    with registry.house.app.app_context():
        key = actions.rotate()
    registry.house.desk("li").push(WJ, issue())
    second = registry.seal()
    assert first is not None and second is not None and key.no == 2
    with registry.reading() as conn:
        chain = statements.keys(checkpoints.introductions(conn))
        assert history.verify(conn, WJ).checkpoints == 2
    name = f"xunjian.localhost/{WJ}/1"
    assert notes.verified_checkpoint(first.note, name, [chain[0].verifier]).size == first.size
    assert notes.verified_checkpoint(second.note, name, [chain[1].verifier]).size == second.size
    with pytest.raises(notes.NotTrusted):
        notes.verified_checkpoint(second.note, name, [chain[0].verifier])


def test_of_two_rotations_at_once_one_gives_way(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key is introduced by the one before it: two successors of one key would end the chain."""
    registry.seal()
    with registry.house.app.app_context():

        def overtaken() -> notes.Signer:
            key = signer()
            monkeypatch.undo()
            actions.rotate()  # another person's, meanwhile
            return key

        signer = actions.signer
        monkeypatch.setattr(actions, "signer", overtaken)
        with pytest.raises(KeyTrouble, match="meanwhile"):
            actions.rotate()
        registry.house.desk("li").push(WJ, issue())
        assert actions.seal(WJ) is not None
    with registry.reading() as conn:
        assert len(statements.keys(checkpoints.introductions(conn))) == 2


def test_a_rotation_that_was_cut_off_is_finished_by_the_next_signature(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.seal()
    with registry.house.app.app_context():
        signing = office().signing
        with monkeypatch.context() as m:
            m.setattr(type(signing), "take_over", lambda self: (_ for _ in ()).throw(OSError("killed")))
            with pytest.raises(OSError, match="killed"):
                actions.rotate()
        registry.house.desk("li").push(WJ, issue())
        assert actions.seal(WJ) is not None
        assert not signing.next_path.exists()


def test_a_node_without_the_houses_key_does_not_sign(registry: Registry) -> None:
    registry.seal()
    registry.house.desk("li").push(WJ, issue())
    with registry.house.app.app_context():
        office().signing.path.unlink()
        with pytest.raises(KeyTrouble, match="copy it"):
            actions.seal(WJ)
        assert actions.seal_all() == 0
        office().signing.make()  # another node's own invention
        with pytest.raises(KeyTrouble, match="copy it"):
            actions.seal(WJ)


def test_the_commands_make_list_and_change_keys(registry: Registry) -> None:
    run = registry.house.app.test_cli_runner().invoke
    assert "no key yet" in run(main, ["keys", "list"]).output
    first = run(main, ["keys", "generate"]).output
    assert run(main, ["keys", "generate"]).output == first
    second = run(main, ["keys", "rotate"]).output
    listed = run(main, ["keys", "list"]).output
    assert first.split()[0] in listed and second.split()[0] in listed and listed.count("\n") == 2
