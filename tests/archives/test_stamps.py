"""What is archived is stamped by an authority outside (RFC 3161), which may be away, or no good."""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from server import transaction
from server.app import create_app
from server.archives import actions
from server.office import office
from server.outgoing import Outgoing
from server.scheduler import jobs
from server.stamping import NoStamp, Stamping, certificates, stamped_at
from sync import followers
from tests.support.authority import Authority, authority
from tests.support.house import House, config_for, issue

from .test_archiving import WJ, archived, folder, objects, run

LOOPBACK = Outgoing((ip_network("127.0.0.1/32"),))
MISBEHAVIOUR = {
    "refuses": "the authority refuses: status 2 今日不办公",
    "forges": "the stamp does not hold",
    "mixes": "the stamp does not hold: Mismatch",
    "replays": "the stamp does not hold: Nonce",
    "fails": "the authority answers with 500",
    "babbles": "this is no stamp",
    "cut": "the authority cannot be asked",
}


@pytest.fixture
def tsa() -> Iterator[Authority]:
    with authority() as one:
        yield one


@pytest.fixture
def stamped(site: House, tsa: Authority) -> House:
    """A house that has its archive stamped; its roots lie in a file, as an operator puts them."""
    site.app.extensions["office"].stamping = Stamping(LOOPBACK, tsa.url, [tsa.root])
    return site


def stamps(house: House, below: str = "journals") -> list[str]:
    return sorted(name for name in objects(house, below) if name.endswith(".tsr"))


def stamp_all(house: House) -> int:
    with house.app.app_context():
        return actions.stamp_all()


def trusting(house: House, tsa: Authority) -> House:
    """The same archive, looked at with the authority's roots at hand."""
    roots = house.folder / "roots.pem"
    roots.write_bytes(tsa.pem)
    url = house.app.config["SQLALCHEMY_DATABASE_URI"]
    config = config_for(url, house.folder, XUNJIAN_TSA_ROOTS_FILE=str(roots))
    return House(create_app(config, clock=house.clock), house.clock, house.folder, house.people)


def test_the_newest_checkpoint_of_each_dossier_is_stamped_once(stamped: House, tsa: Authority) -> None:
    stamped.desk("li").push(WJ, issue())
    with stamped.app.app_context():
        jobs(stamped.app)["archive"]()
    first = stamps(stamped)
    assert [name.split("/")[1] for name in first].count(WJ) == 1
    [of_wj] = stamps(stamped, f"journals/{WJ}")
    note = (folder(stamped) / of_wj.replace(".tsr", ".ckpt")).read_bytes()
    assert stamped_at((folder(stamped) / of_wj).read_bytes(), note, [tsa.root]) == tsa.now
    asked = len(tsa.asked)
    assert stamp_all(stamped) == 0 and len(tsa.asked) == asked == len(first)
    with stamped.app.app_context(), transaction.reading() as conn:  # and nobody walks through the archive
        assert followers.ahead(conn, actions.FOLLOWER, actions.STAMPED) == []
    stamped.desk("li").push(WJ, issue())
    archived(stamped)
    assert stamp_all(stamped) == 1 and len(stamps(stamped, f"journals/{WJ}")) == 2


def test_nothing_but_a_digest_leaves_the_house(stamped: House, tsa: Authority) -> None:
    stamped.desk("li").push(WJ, issue())
    archived(stamped)
    stamp_all(stamped)
    assert all(len(request) < 80 and WJ.encode() not in request for request in tsa.asked)


@pytest.mark.parametrize("how", MISBEHAVIOUR)
def test_an_authority_that_is_no_good_stamps_nothing_and_is_asked_again(
    stamped: House, tsa: Authority, how: str
) -> None:
    stamped.desk("li").push(WJ, issue())
    done = archived(stamped)
    assert done.objects > 0
    tsa.script = [how]
    with stamped.app.app_context():
        with pytest.raises(NoStamp, match=MISBEHAVIOUR[how]):
            office().stamping.stamp(b"a checkpoint")  # type: ignore[union-attr]
        tsa.script = [how]
        assert actions.stamp_all() == 0
    assert stamps(stamped) == []
    assert run(stamped, "verify", "--archive", str(folder(stamped))).exit_code == 0
    told = run(stamped, "archive", "status")
    assert told.exit_code == 0 and "待加盖时间戳" in told.output
    with stamped.app.app_context():
        assert jobs(stamped.app)["archive closed"]() == len(stamps(stamped)) > 0
    assert "待加盖时间戳" not in run(stamped, "archive", "status").output


def test_one_who_is_away_is_not_asked_for_every_dossier_in_turn(stamped: House, tsa: Authority) -> None:
    stamped.desk("li").push(WJ, issue())
    stamped.desk("stranger").push("project:wj-02", issue())
    archived(stamped)
    tsa.script = ["cut"] * 5
    assert stamp_all(stamped) == 0 and len(tsa.asked) == 1


def test_after_days_without_one_a_single_stamp_vouches_for_all_before(stamped: House, tsa: Authority) -> None:
    for _ in range(3):
        stamped.desk("li").push(WJ, issue())
        archived(stamped)
        tsa.script = ["cut"]
        stamp_all(stamped)
    stamp_all(stamped)
    [one] = stamps(stamped, f"journals/{WJ}")
    assert one.rpartition("/")[2].startswith(f"{4:012d}-")


def test_the_archive_is_verified_with_its_stamps(stamped: House, tsa: Authority) -> None:
    stamped.desk("li").push(WJ, issue())
    archived(stamped)
    stamp_all(stamped)
    told = run(stamped, "verify", "--archive", str(folder(stamped)))
    assert told.exit_code == 0 and "signatures not checked" in told.output
    assert "时间戳 stamp 20261122013000Z" in told.output
    told = run(trusting(stamped, tsa), "verify", "--archive", str(folder(stamped)))
    assert told.exit_code == 0 and f"stamps: {len(stamps(stamped))}, 签名有效" in told.output, told.output
    told = run(trusting(stamped, Authority()), "verify", "--archive", str(folder(stamped)))
    assert told.exit_code == 1 and "FAILED" in told.output and ".tsr" in told.output


def test_a_stamp_of_something_else_is_refused_also_by_the_file_alone(
    stamped: House, tsa: Authority, tmp_path: Path
) -> None:
    stamped.desk("li").push(WJ, issue())
    archived(stamped)
    stamp_all(stamped)
    line = [sys.executable, "-I", str(folder(stamped) / "verify.py"), str(folder(stamped))]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0 and "时间戳 stamp 20261122013000Z" in done.stdout, done
    file = folder(stamped) / stamps(stamped, f"journals/{WJ}")[0]
    file.chmod(0o600)
    file.write_bytes(Stamping(LOOPBACK, tsa.url, [tsa.root]).stamp(b"another checkpoint"))
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1 and file.name in done.stdout
    file.unlink()  # shown, and not required
    assert subprocess.run(line, capture_output=True, cwd=tmp_path, check=False).returncode == 0


def test_of_a_stamp_with_a_wrong_bit_nobody_reads_another_time(tsa: Authority) -> None:
    """Some bits of a CMS are under no signature; what it says, and of what, is."""
    data, refused, chance = b"a checkpoint", 0, random.Random(11)
    stamp = Stamping(LOOPBACK, tsa.url, [tsa.root]).stamp(data)
    for bit in chance.sample(range(len(stamp) * 8), 500):
        changed = bytearray(stamp)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert stamped_at(bytes(changed), data, [tsa.root]) == tsa.now
        except NoStamp:
            refused += 1
    assert refused > 450


def test_another_implementation_takes_the_stamp(tsa: Authority, tmp_path: Path) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl's command is not installed")
    (tmp_path / "c.tsr").write_bytes(Stamping(LOOPBACK, tsa.url, [tsa.root]).stamp(b"a checkpoint"))
    (tmp_path / "c.ckpt").write_bytes(b"a checkpoint")
    (tmp_path / "root.pem").write_bytes(tsa.pem)
    line = [program, "ts", "-verify", "-in", "c.tsr", "-data", "c.ckpt", "-CAfile", "root.pem"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0 and "OK" in done.stdout, done


def test_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("nothing")
    for said, why in (
        ({"XUNJIAN_TSA_URL": "https://tsa.example"}, "wants XUNJIAN_TSA_ROOTS_FILE"),
        ({"XUNJIAN_TSA_URL": "tsa.example", "XUNJIAN_TSA_ROOTS_FILE": str(roots)}, "expected https"),
    ):
        with pytest.raises(ValueError, match=why):
            config_for("sqlite://", tmp_path, **said)
    for file, why in ((roots, "no certificate in PEM"), (tmp_path / "none.pem", "No such file")):
        with pytest.raises(ValueError, match=why):
            certificates(file)


def test_an_address_in_our_own_network_is_not_called(tsa: Authority) -> None:
    with pytest.raises(NoStamp, match="cannot be asked: scheme"):
        Stamping(Outgoing(), tsa.url, [tsa.root]).stamp(b"a checkpoint")
    assert tsa.asked == []
