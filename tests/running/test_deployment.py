"""What deploy/ and compose.yaml say agrees with the house: settings, figures, files, and nginx itself."""

import configparser
import json
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from prometheus_client import REGISTRY

from server import config, metrics
from server.cli import main
from tests.running.test_checkup import certificate
from tests.support.live import REPOSITORY
from tools import audit

DEPLOY = REPOSITORY / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SPECIFICATION = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
NODES = ("north", "south", "migrate")


def documented() -> set[str]:
    return set(re.findall(r"XUNJIAN_[A-Z_]+", config.__doc__ or ""))


def test_every_setting_that_is_read_is_documented_and_the_other_way_round() -> None:
    source = Path(config.__file__).read_text().partition('"""\n\nimport')[2]
    read = set(re.findall(r'"(XUNJIAN_[A-Z_]+)"', source))
    secret = {f"{name}_FILE" for name in re.findall(r'_secret\(env, "(\w+)"\)', source)}
    assert read | secret == documented() | {"XUNJIAN_MAIL_PASSWORD"}


def test_compose_is_what_the_compose_specification_says() -> None:
    judge = Draft202012Validator(json.loads(SPECIFICATION.read_text(encoding="utf-8")))
    assert [f"{wrong.json_path}: {wrong.message}" for wrong in judge.iter_errors(COMPOSE)] == []
    misspelt = COMPOSE | {"services": SERVICES | {"proxy": SERVICES["proxy"] | {"prots": ["80:80"]}}}
    assert not judge.is_valid(misspelt)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_names_only_what_is_there(name: str) -> None:
    service = SERVICES[name]
    assert "image" in service and ":latest" not in service["image"]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or (REPOSITORY / source).exists(), volume
    for other, how in service.get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for what {other} never says"
    if name != "migrate":
        assert service["restart"] == "unless-stopped" and "test" in service.get("healthcheck", {"test": ""})


@pytest.mark.parametrize("name", NODES)
def test_a_node_is_given_settings_that_it_reads(name: str) -> None:
    given = {n: str(v) for n, v in SERVICES[name]["environment"].items()}
    assert set(given) <= documented()
    assert SERVICES[name]["command"][0] in main.commands
    mounted = {volume.split(":")[1] for volume in SERVICES[name]["volumes"]}
    for setting, value in given.items():
        if setting.endswith("_FILE") and value.startswith("/run/secrets/"):
            assert value.rpartition("/")[2] in SERVICES[name]["secrets"], setting
        elif value.startswith("/"):
            assert any(value.startswith(folder) for folder in mounted), (
                f"{setting} is lost with the container"
            )


def test_the_settings_of_compose_make_a_house(tmp_path: Path) -> None:
    env = {}
    for name, value in SERVICES["north"]["environment"].items():
        path = tmp_path / name
        path.write_text("postgresql+psycopg://xunjian:secret@postgres/xunjian\n")
        plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
        env[name] = str(path) if plain.startswith("/run/secrets/") else plain
    made = config.Config.from_environment(env | {"XUNJIAN_VAR": str(tmp_path)})
    assert made.database_url.startswith("postgresql+psycopg://xunjian:") and not made.embedded
    [subnet] = [net["subnet"] for net in COMPOSE["networks"]["house"]["ipam"]["config"]]
    assert [str(net) for net in made.trusted_proxies] == [subnet]


def test_what_nodes_share_is_shared_and_what_is_each_ones_own_is_not() -> None:
    north, south = (set(SERVICES[name]["volumes"]) for name in ("north", "south"))
    assert north & south == {"keys:/keys", "staging:/staging"}


def test_secrets_are_made_once_closed_and_never_kept_in_the_repository(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    shutil.copy(DEPLOY / "prepare.sh", tmp_path)
    run = ["sh", str(tmp_path / "prepare.sh")]
    subprocess.run(run, check=True)
    folder = tmp_path / "secrets"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {Path(said["file"]).name for said in COMPOSE["secrets"].values()} | {"s3.env"} == set(first)
    assert folder.stat().st_mode & 0o077 == 0
    assert first["postgres_password"].strip() in first["database_url"]
    subprocess.run(run, check=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    ignored = ["git", "check-ignore", "-q", "deploy/secrets/tls_key"]
    assert subprocess.run(ignored, cwd=REPOSITORY, check=False).returncode == 0


def test_nginx_reads_its_settings(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed; Debian: nginx-light")
    shown, kept = certificate(tmp_path, 30)
    said = (DEPLOY / "nginx" / "xunjian.conf").read_text()
    for name, here in (
        ("/run/secrets/tls_certificate", str(shown)),
        ("/run/secrets/tls_key", str(kept)),
        *((f"{node}:8000", "127.0.0.1:8000") for node in ("north", "south")),
    ):
        assert name in said
        said = said.replace(name, here)
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    if tuple(map(int, re.findall(r"(\d+)\.(\d+)", version)[0])) < (1, 25):
        said = said.replace("    http2 on;\n", "")  # Debian 12's does not know it yet
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{said}\n}}\n")
    done = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(whole)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_nginx_shows_strangers_neither_figures_nor_standing() -> None:
    said = (DEPLOY / "nginx" / "xunjian.conf").read_text()
    for page in ("/metrics", "/readyz"):
        assert f"location = {page} {{ return 404; }}" in said
    # One that is added to would pass on what a client says of itself.
    assert "$proxy_add_x_forwarded_for" not in said


def test_alarms_are_rung_by_figures_that_there_are() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alarms.yaml").read_text())["groups"][0]["rules"]
    known = {sample for metric in REGISTRY.collect() for sample in _samples(metric)}
    operations = (REPOSITORY / "docs" / "operations.md").read_text()
    for rule in rules:
        named = set(re.findall(r"\bxunjian_[a-z_]+", rule["expr"]))
        assert named <= known, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in operations, f"{rule['alert']} is not explained"
    assert len(rules) > 8 and metrics.REQUESTS is not None


def _samples(metric: Any) -> set[str]:
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {metric.name + ending for ending in endings.get(metric.type, ())}


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").glob("*.[st]*")), ids=lambda path: path.name)
def test_a_unit_starts_what_there_is(path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    assert "Description" in unit["Unit"]
    if path.suffix == ".timer":
        assert (path.with_suffix(".service")).exists()
        return
    program, command = unit["Service"]["ExecStart"].split()[:2]
    assert program.endswith("/xunjian") and command in main.commands
    assert unit["Service"]["NoNewPrivileges"] == "yes" and unit["Service"]["User"] == "xunjian"
    reloads = [line.split() for line in re.findall(r"^ExecReload=(.+)", path.read_text(), re.MULTILINE)]
    if reloads:
        # Before the node hears of it: gunicorn ends where a new worker cannot start.
        (tried, command, *_more), (*_kill, master) = reloads
        assert tried == program and command in main.commands and master == "$MAINPID"


def test_systemd_understands_every_line_of_the_units_and_finds_them_closed(tmp_path: Path) -> None:
    """Whoever breaks into the server is alone with its own folder: at most 4 of systemd's 10 points."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    units = []
    for path in sorted((DEPLOY / "systemd").glob("*.[st]*")):
        units.append(tmp_path / path.name)
        units[-1].write_text(path.read_text().replace("/opt/xunjian/.venv/bin/xunjian", "/bin/true"))
    verify = ["systemd-analyze", "verify", "--man=no", *map(str, units)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    # What it does not know it says, and lets pass; other units of the machine are none of ours.
    assert done.returncode == 0 and "xunjian" not in done.stderr, done.stderr
    services = [str(unit) for unit in units if unit.suffix == ".service"]
    judge = ["systemd-analyze", "security", "--offline=true", "--threshold=40", *services]
    judged = subprocess.run(judge, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-400:]


def _report(**of_one: Any) -> str:
    fine = {"name": "flask", "version": "3.1.3", "vulns": []}
    return json.dumps({"dependencies": [fine, {"name": "pillow", "version": "12.0.0"} | of_one], "fixes": []})


def test_an_audit_that_could_ask_nobody_is_no_all_clear() -> None:
    flaw = {"id": "PYSEC-2026-1", "fix_versions": ["12.0.1"], "aliases": [], "description": ""}
    clear, found = (audit.told(_report(vulns=flaws), "") for flaws in ([], [flaw]))
    assert clear == (0, "2 packages, nothing known against them")
    assert found[0] == 1 and "pillow 12.0.0: PYSEC-2026-1, mended in 12.0.1" in found[1]
    for report, why in (
        (_report(skip_reason="not found on PyPI"), "1 of 2 packages, of pillow: not found on PyPI"),
        ("", "ConnectionError: no route"),
        ('{"dependencies": []}', "0 of 0 packages"),
    ):
        code, words = audit.told(report, "WARNING: x\nConnectionError: no route\n")
        assert code == 2 and why in words and "未能查询" in words


def test_the_units_environment_is_read_and_holds_no_secret() -> None:
    lines = (DEPLOY / "systemd" / "xunjian.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name for name in given if name.startswith("XUNJIAN_")} <= documented()
    for name, value in given.items():
        assert not re.search(r"PASSWORD|TOKEN|PASSPHRASE|SECRET", name) or value.startswith("/"), name
