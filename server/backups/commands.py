"""`xunjian backup` and `xunjian restore`."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress

from media.files import FileStore
from server.evidence import actions as evidence
from server.office import office
from server.storekeeper import carry, faults_in_a_sentence

from . import actions, queries, rules
from .queries import Opened

console = Console()
FOLDER = click.Path(file_okay=False, path_type=Path)
PLACE = click.Path(exists=True, path_type=Path)


class _Backup(click.Group):
    """`backup TO` makes one; `backup verify FROM` reads one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Backup)
def backup() -> None:
    """备份 `xunjian backup TO` writes one file into the folder TO, while people work."""


@backup.command("make")
@click.argument("to", type=FOLDER)
@click.option("--bytes", "with_bytes", is_flag=True, help="Originals too, into TO/bytes: those it lacks.")
@with_appcontext
def make(to: Path, with_bytes: bool) -> None:
    """备份 Write the database, as it stands at one moment, into a new file in the folder TO."""
    to = to.resolve()
    with _in_a_sentence(), Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("备份 backup", total=None)

        def bring() -> dict[str, int]:
            beside = FileStore(to / rules.BYTES)
            count = carry(office().store, beside, progress)
            actions.drop_erased(beside)
            return dict(count.files) | {"failed": count.failed}

        made = actions.make(
            to,
            passphrase=_passphrase(),
            begin=lambda total: progress.update(task, total=total),
            seen=lambda more: progress.advance(task, more),
            carry=bring if with_bytes else None,
        )
    rows = sum(table["rows"] for table in made.manifest["tables"].values())
    console.print(f"{made.path}", soft_wrap=True)
    console.print(f"{len(made.manifest['dossiers'])} dossiers, {rows} rows")
    if not made.keys:
        console.print(
            "[yellow]备份不含密钥 It holds no keys: set XUNJIAN_BACKUP_PASSPHRASE_FILE, or keep "
            "XUNJIAN_SECRET_KEY_FILE safe by other means."
        )
    if made.manifest["bytes"] and made.manifest["bytes"]["failed"]:
        console.print("[red]部分原件未能备份 Some originals could not be brought: see above.")
        sys.exit(1)


@backup.command("verify")
@click.argument("from_", metavar="FROM", type=PLACE)
@click.option("--read", is_flag=True, help="Also read every original in the folder `bytes` and hash it.")
@with_appcontext
def verify(from_: Path, read: bool) -> None:
    """校验备份 Read a backup (the newest, where FROM is a folder) through: digests, counts, every chain,
    its keys, and the originals beside it. Exit 1 names what is wrong.
    """
    with _in_a_sentence(), closing(_opened(from_)) as found:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("校验 verify", total=found.total)
            faults = list(found.faults(lambda more: progress.advance(task, more)))
        if found.manifest["bytes"] is not None:
            beside = FileStore(found.path.parent / rules.BYTES)
            faults += [f"missing or altered: {key}" for key in found.lacking(beside, read=read)]
        phrase, keys = _passphrase(), found.keys
        if keys is not None and phrase is not None:
            try:
                rules.unwrapped(keys, phrase)
            except ValueError as wrong:
                faults.append(str(wrong))
        said = found.manifest
    for fault in faults:
        console.print(f"[red]{fault}", soft_wrap=True)
    told = "keys" if keys is not None else "no keys"
    console.print(
        f"{found.path.name}: made {said['made_at']}, schema {said['schema']}, "
        f"{len(said['dossiers'])} dossiers, {found.total} rows, {told}, {len(faults)} faults"
    )
    if faults:
        sys.exit(1)


@click.command()
@click.argument("from_", metavar="FROM", type=PLACE)
@click.option("--explain", "why", required=True, help="Why; the first entry of each new epoch records it.")
@click.option("--by", default=getpass.getuser, help="Who answers for it.", show_default="who runs it")
@with_appcontext
def restore(from_: Path, why: str, by: str) -> None:
    """恢复 Put a backup (the newest, where FROM is a folder) back into the empty database of
    XUNJIAN_DATABASE_URL. Each dossier begins a new epoch; phones push again what the backup lacks.
    Nothing runs beside it; what stands there already is never overwritten.
    """
    if not why.strip():
        raise click.ClickException("Say why: --explain WHY.")
    with _in_a_sentence(), closing(_opened(from_)) as found:
        phrase = _passphrase()
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("恢复 restore", total=None)
            done = actions.restore(
                found,
                actions.Explanation(why=why.strip(), by=by),
                passphrase=phrase,
                begin=lambda total: progress.update(task, total=total),
                seen=lambda more: progress.advance(task, more),
            )
            if found.manifest["bytes"] is not None:
                carry(FileStore(found.path.parent / rules.BYTES), office().store, progress)
    opened, written = done.epochs, done.keys
    signed = evidence.seal_all()
    console.print(f"{len(opened)} dossiers stand as on {found.manifest['made_at']}, each in a new epoch.")
    if signed < len(opened):
        console.print(f"[yellow]{len(opened) - signed} epochs are not signed yet; the log says why.")
    if written:
        console.print(f"密钥已恢复 Keys put back: {', '.join(written)}.")
    elif found.keys is not None and phrase is None:
        console.print("[yellow]未恢复密钥 Keys were not put back: set XUNJIAN_BACKUP_PASSPHRASE_FILE.")
    console.print("所有人须重新登录 Everybody signs in again.")


def _opened(place: Path) -> Opened:
    return Opened(queries.newest(place.resolve()))


def _passphrase() -> str | None:
    path = office().config.backup_passphrase_file
    if path is None:
        return None
    said = path.read_text(encoding="utf-8").splitlines()
    if not said or len(said[0]) < 12:
        raise actions.Refused(f"{path}: its first line has to be a passphrase of 12 characters or more")
    return said[0]


@contextmanager
def _in_a_sentence() -> Iterator[Any]:
    try:
        with faults_in_a_sentence():
            yield
    except (actions.Refused, queries.Damaged) as wrong:
        raise click.ClickException(f"{wrong}.") from None
    except OSError as wrong:
        raise click.ClickException(f"{wrong.strerror}: {wrong.filename or ''}. Nothing was left.") from None
