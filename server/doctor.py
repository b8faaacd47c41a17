"""`xunjian doctor`: the parts that this house stands on are tried, not believed."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import click
import httpx
from flask.cli import with_appcontext
from orjson import dumps
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from media import doctor_addresses, doctor_locks, doctor_parts  # noqa: F401  # their probes follow its own
from media.address import S3Address
from media.doctor import PROBES, Bench, Finding, examine
from media.patience import PATIENT

from .checkup import examined as examined_parts
from .health import Standing
from .office import office

console = Console()
EXPIRED_S = 2.5  # after an address that was good for one; signatures know whole seconds only


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For machines: one array, a part each.")
@click.pass_context
@with_appcontext
def doctor(context: click.Context, as_json: bool) -> None:
    """体检 Try what the house depends on: database, clocks, disks, store, keys, TLS. Exit 1 names a fault."""
    if context.invoked_subcommand is not None:
        return
    here = office()
    found = list(track(examined_parts(here), "体检 doctor", total=None, console=Console(stderr=True)))
    unfit = [one for one in found if one.fault and one.vital]
    if as_json:
        click.echo(dumps([asdict(one) for one in found]))
    else:
        _tell(found, len(unfit))
    sys.exit(bool(unfit))


def _tell(found: list[Standing], unfit: int) -> None:
    """Print the parts, a line each."""
    table = Table("", "检查", "part", "结果 seen")
    for one in found:
        mark = "[green]✓" if one.fault is None else "[red]✗" if one.vital else "[yellow]!"
        table.add_row(mark, one.zh, one.name, escape(one.fault or one.seen))
    console.print(table)
    warned = sum(one.fault is not None for one in found) - unfit
    if unfit:
        console.print(f"[red]不可运行 not fit: {unfit} faults, {warned} warnings")
    else:
        console.print(f"[green]可以运行 fit to serve[/]; {warned} 项提醒 warnings")


@doctor.command("s3")
@click.option("--archive", is_flag=True, help="Exit 1 also where the photographs' store could be no archive.")
@with_appcontext
def s3(archive: bool) -> None:
    """对象存储体检 Try the promises of the stores in XUNJIAN_MEDIA_URL and XUNJIAN_ARCHIVE_URL, in a scratch
    prefix of each. Exit 1 where the archive's keeps not all that an archive stands on.
    """
    config = office().config
    stores = {config.media: archive} | {config.archive: True}
    addresses = {where: strict for where, strict in stores.items() if isinstance(where, S3Address)}
    if not addresses:
        raise click.ClickException(
            "XUNJIAN_MEDIA_URL and XUNJIAN_ARCHIVE_URL name folders; doctor s3 wants s3://…"
        )
    unfit = 0
    for where, strict in addresses.items():
        missing = _show(f"{where.endpoint} · {where.bucket}", examined(where))
        unfit += missing if strict else 0
    sys.exit(bool(unfit))


def examined(address: S3Address) -> list[Finding]:
    """What each probe found, with a progress bar on standard error; the scratch is cleared."""
    from media import s3  # boto3 only for those who ask

    here = office()
    client = s3.make_client(address, PATIENT)
    scratch = f"{address.prefix}doctor/{here.new_id()}/"
    with httpx.Client(trust_env=not address.on_loopback, timeout=20) as line:
        bench = Bench(
            client=client,
            bucket=address.bucket,
            scratch=scratch,
            ask=partial(s3.ask, client),
            clock=here.clock,
            fetch=lambda url, method="GET", **said: line.request(method, url, **said),
            expired=_expiring(client, address.bucket, f"{scratch}expired"),
        )
        found = examine(bench, (*s3.FAULTS, httpx.HTTPError))
        findings = list(track(found, "体检 doctor", len(PROBES), console=Console(stderr=True)))
    s3.clear(client, address.bucket, scratch)
    return findings


def _expiring(client: Any, bucket: str, key: str) -> Callable[[], str]:
    """An address that is signed now for a second, and not handed over before that is over."""
    where = {"Bucket": bucket, "Key": key}
    signed: str = client.generate_presigned_url("get_object", Params=where, ExpiresIn=1)
    over = time.monotonic() + EXPIRED_S

    def later() -> str:
        time.sleep(max(0.0, over - time.monotonic()))
        return signed

    return later


def _show(title: str, findings: list[Finding]) -> int:
    """Print the table; how many promises that the archive stands on are not kept."""
    table = Table("", "检查", "probe", "结果 seen", title=title)
    for one in findings:
        mark = "[green]✓" if one.fault is None else "[red]✗" if one.archive else "[yellow]!"
        table.add_row(mark, one.zh, one.en, one.fault or "")
    console.print(table)
    unfit = sum(one.fault is not None and one.archive for one in findings)
    kept = sum(one.fault is None for one in findings)
    console.print(f"{kept}/{len(findings)} 项通过 promises kept")
    if unfit:
        console.print(f"[red]不可用于归档 not fit for archive mode: {unfit} promises are missing")
    else:
        console.print("[green]可用于归档 fit for archive mode")
    return unfit
