"""The house's key: a file of its owner's alone, changed in a chain that everybody can follow."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from server.app import create_app
from server.cli import main
from server.evidence import actions
from server.office import office
from server.signing import KeyTrouble
from sync import checkpoints, history, notes, statements
from tests.support.house import House, config_for, issue

from .conftest import WJ, Registry


def test_the_private_key_is_a_file_of_its_owner_alone_and_never_in_the_database(registry: Registry) -> None:
    registry.seal()
    with registry.house.app.app_context():
        path = office().signing.path
        [held] = office().signing.held()
        secret = held.private.private_bytes_raw()
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


def pem(*keys: Ed25519PrivateKey) -> str:
    made = (k.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() for k in keys)
    return "".join(made)


def node(registry: Registry, folder: Path, **settings: str) -> House:
    """Another node of the same house, on the same database, with a disk of its own."""
    house = registry.house
    config = config_for(house.app.config["SQLALCHEMY_DATABASE_URI"], folder, **settings)
    return House(create_app(config, clock=house.clock), house.clock, folder, house.people)


def seal(house: House) -> str | None:
    """The key by which this node has signed what is new."""
    house.desk("li").push(WJ, issue())
    with house.app.app_context():
        made = actions.seal(WJ)
        return None if made is None else actions.signer().verifier.text


def rotated(house: House) -> str:
    with house.app.app_context():
        return actions.rotate().verifier.text


def test_a_key_of_the_environment_signs_and_leaves_no_file(registry: Registry, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    other = node(registry, tmp_path / "a", XUNJIAN_SIGNING_KEY=pem(key).replace("\n", "\\n"))
    signed = seal(other)
    assert signed == notes.Signer("xunjian.localhost", key).verifier.text
    assert list((tmp_path / "a").rglob("signing.key*")) == []
    with other.app.app_context():
        assert pem(key).splitlines()[1] not in repr(office().config)
        with pytest.raises(KeyTrouble, match="put it there, below the old"):
            actions.rotate()
    assert registry.house.app.test_cli_runner().invoke(main, ["keys", "list"]).exit_code == 0


@pytest.mark.parametrize("how", ["environment", "file"])
def test_a_rotation_on_one_node_is_seen_by_the_others_without_a_restart(
    registry: Registry, tmp_path: Path, how: str
) -> None:
    """The new key lies on every node first; from its introduction on each signs with it."""
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    nodes = []
    for name in ("a", "b"):
        if how == "environment":
            nodes.append(node(registry, tmp_path / name, XUNJIAN_SIGNING_KEY=pem(old, new)))
            continue
        (tmp_path / name).mkdir()
        (tmp_path / name / "signing.key").write_text(pem(old, new))
        (tmp_path / name / "signing.key").chmod(0o600)
        nodes.append(node(registry, tmp_path / name))
    first, second = (notes.Signer("xunjian.localhost", key).verifier.text for key in (old, new))
    assert [seal(one) for one in nodes] == [first, first]
    assert rotated(nodes[0]) == second
    assert [seal(one) for one in reversed(nodes)] == [second, second]
    with registry.reading() as conn:
        assert history.verify(conn, WJ).checkpoints == 4


def test_a_node_without_the_new_key_signs_again_once_it_has_it(registry: Registry, tmp_path: Path) -> None:
    registry.seal()
    other = node(registry, tmp_path / "b")
    (tmp_path / "b" / "signing.key").write_bytes((registry.house.folder / "signing.key").read_bytes())
    (tmp_path / "b" / "signing.key").chmod(0o600)
    assert seal(other) is not None
    second = rotated(registry.house)
    with pytest.raises(KeyTrouble, match="copy it"):
        seal(other)
    (tmp_path / "b" / "signing.key").write_bytes((registry.house.folder / "signing.key").read_bytes())
    assert seal(other) == second


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("nothing", "holds no private key in PEM"),
        (
            "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----",
            "no private key in PEM, or a closed",
        ),
        (
            ec.generate_private_key(ec.SECP256R1())
            .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            .decode(),
            "another key than Ed25519",
        ),
    ],
)
def test_what_is_no_key_is_named_and_never_shown(
    registry: Registry, tmp_path: Path, given: str, why: str
) -> None:
    other = node(registry, tmp_path / "a", XUNJIAN_SIGNING_KEY=given)
    with other.app.app_context(), pytest.raises(KeyTrouble, match=f"XUNJIAN_SIGNING_KEY .*{why}") as wrong:
        actions.signer()
    assert "MC4=" not in str(wrong.value)


def test_where_nothing_can_be_written_the_way_out_is_said(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is mounted is read and not written; the suite may run as root, whom no mode stops."""
    registry.seal()

    def read_only(*_: object) -> notes.Signer:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("server.signing.Signing.make", read_only)
    with (
        registry.house.app.app_context(),
        pytest.raises(KeyTrouble, match=r"Read-only file system.*below the"),
    ):
        actions.rotate()
