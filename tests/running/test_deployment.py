"""What deploy/ and compose.yaml say agrees with the house: settings, figures, files, and nginx itself."""

import configparser
import json
import os
import re
import shutil
import subprocess
from importlib import resources
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from jsonschema import Draft202012Validator
from prometheus_client import REGISTRY

from media.address import S3Address
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
        source, _, inside = volume.partition(":")
        assert source in COMPOSE["volumes"] or (REPOSITORY / source).exists(), volume
        assert source in COMPOSE["volumes"] or inside.endswith(":ro,z"), f"{volume}: closed by SELinux"
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
    [proxy] = made.trusted_proxies
    assert str(proxy) == f"{address('proxy')}/32", "else who else is in the network may say who calls"
    assert made.public_url == "https://localhost" and made.archive == Path("/archive")


def test_what_nodes_share_is_shared_and_what_is_each_ones_own_is_not() -> None:
    north, south = (set(SERVICES[name]["volumes"]) for name in ("north", "south"))
    assert north & south == {"keys:/keys", "staging:/staging", "archive:/archive", "backups:/backups"}


def address(service: str) -> str:
    """Where a service of compose.yaml always is."""
    return str(SERVICES[service]["networks"]["house"]["ipv4_address"])


def test_who_is_known_by_address_has_one_that_nobody_else_is_given() -> None:
    [net] = COMPOSE["networks"]["house"]["ipam"]["config"]
    fixed = [address(name) for name in ("proxy", "north", "south", "store")] + [net["gateway"]]
    assert len(set(fixed)) == len(fixed)
    for one in map(ip_address, fixed):
        assert one in ip_network(net["subnet"]) and one not in ip_network(net["ip_range"])
    at = re.findall(r"server (\S+):8000", (DEPLOY / "nginx" / "compose.conf").read_text())
    assert at == 2 * [address("north"), address("south")]


def test_one_service_builds_the_image_and_nobody_looks_for_it_in_a_registry() -> None:
    ours = {name: said for name, said in SERVICES.items() if said["image"].startswith("xunjian")}
    assert set(ours) == set(NODES) and {said["image"] for said in ours.values()} == {"xunjian:local"}
    assert [name for name, said in SERVICES.items() if "build" in said] == ["migrate"]
    assert {said["pull_policy"] for said in ours.values()} == {"never"}


def test_the_database_is_asked_where_only_the_real_server_answers() -> None:
    asked = SERVICES["postgres"]["healthcheck"]["test"]
    assert asked[asked.index("-h") + 1] == "127.0.0.1" and asked[asked.index("-d") + 1] == "xunjian"


def test_one_name_of_the_house_goes_into_links_the_certificate_and_the_network() -> None:
    public = SERVICES["north"]["environment"]["XUNJIAN_PUBLIC_URL"]
    assert public == "https://${XUNJIAN_HOST:-localhost}"
    assert SERVICES["proxy"]["networks"]["house"]["aliases"] == ["${XUNJIAN_HOST:-proxy}"]
    assert "XUNJIAN_HOST" in (DEPLOY / "prepare.sh").read_text()


def _image() -> tuple[str, set[str]]:
    """The Dockerfile's last stage, and what it copies, as in the repository."""
    last = (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    copied = [line.split()[1:] for line in last.splitlines() if line.startswith("COPY ")]
    return last, {at.removeprefix("/house/") for line in copied for at in line[:-1] if at[:2] != "--"}


def _under(path: str, folders: set[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in folders)


def test_what_the_server_reads_of_the_repository_is_in_the_image() -> None:
    last, copied = _image()
    read = set()
    for source in (
        path for room in ("server", "sync", "media") for path in (REPOSITORY / room).rglob("*.py")
    ):
        for steps in re.findall(r'\bROOT((?: / "[^"]+")+)', source.read_text(encoding="utf-8")):
            read.add("/".join(re.findall(r'"([^"]+)"', steps)))
    assert {"openapi.yaml", "web/reference", "web/dist/phone", "migrations"} <= read
    assert "XUNJIAN_VAR=/var/lib/xunjian" in last
    assert [path for path in sorted(read - {"var"}) if not _under(path, copied)] == []


def test_the_image_is_built_from_what_it_copies_and_from_no_secret() -> None:
    lines = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    wanted = {path for line in copied for path in line.split()}
    assert [path for path in sorted(wanted) if not _under(path, let_in)] == []
    assert not any(_under(path, let_in) for path in ("deploy/secrets", ".git", "var", ".env", "tests"))
    assert {path.partition("/")[0] for path in wanted} == let_in, "let in, and copied by nobody"
    for folder in {v.split(":")[1] for name in NODES for v in SERVICES[name]["volumes"]}:
        assert re.search(rf"install -d -o xunjian.* {folder}\b", _image()[0]), f"{folder} would be root's"


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
    for path in ("deploy/secrets/tls_key", ".env"):
        ignored = ["git", "check-ignore", "-q", path]
        assert subprocess.run(ignored, cwd=REPOSITORY, check=False).returncode == 0


def _prepared(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """prepare.sh, as somebody runs it who has a repository in `folder`."""
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(DEPLOY / "prepare.sh", folder / "deploy")
    known = {name: value for name, value in os.environ.items() if name != "XUNJIAN_HOST"}
    run = ["sh", str(folder / "deploy" / "prepare.sh")]
    return subprocess.run(run, capture_output=True, text=True, check=False, env=known | env)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    "said", ["XUNJIAN_HOST=house.example.cn\n", 'A=b\nXUNJIAN_HOST="house.example.cn"\r\n']
)
def test_the_first_certificate_bears_the_name_that_compose_reads_too(tmp_path: Path, said: str) -> None:
    (tmp_path / ".env").write_text(said)
    assert _prepared(tmp_path).returncode == 0
    shown = x509.load_pem_x509_certificate((tmp_path / "deploy/secrets/tls_certificate").read_bytes())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["house.example.cn"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_what_could_not_be_made_is_told_and_made_the_next_time(tmp_path: Path) -> None:
    secrets, broken = tmp_path / "deploy" / "secrets", tmp_path / "bin"
    broken.mkdir()
    (broken / "openssl").write_text("#!/bin/sh\necho no entropy today >&2\nexit 1\n")
    (broken / "openssl").chmod(0o755)
    failed = _prepared(tmp_path, PATH=f"{broken}:{os.environ['PATH']}")
    assert failed.returncode != 0 and "no entropy today" in failed.stderr and list(secrets.iterdir()) == []
    failed = _prepared(tmp_path, XUNJIAN_HOST="a,b")
    assert failed.returncode == 1 and "no certificate for a,b" in failed.stderr
    assert not (secrets / "tls_key").exists()
    assert _prepared(tmp_path).returncode == 0 and (secrets / "tls_key").exists()


@pytest.mark.parametrize("kind", ["compose", "machines"])
def test_nginx_reads_its_settings(kind: str, tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed; Debian: nginx-light")
    shown, kept = certificate(tmp_path, 30)
    # In the order in which nginx finds them: default.conf, nodes.conf.
    said = (DEPLOY / "nginx" / "xunjian.conf").read_text()
    said += (DEPLOY / "nginx" / f"{kind}.conf").read_text()
    for name, here in (("ssl_certificate", shown), ("ssl_certificate_key", kept)):
        said, found = re.subn(rf"^{name} \S+;", f"{name} {here};", said, flags=re.MULTILINE)
        assert found == 1
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    if tuple(map(int, re.findall(r"(\d+)\.(\d+)", version)[0])) < (1, 25):
        said = said.replace("    http2 on;\n", "")  # Debian 12's does not know it yet
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{said}\n}}\n")
    done = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(whole)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_client_of_several_machines_uploads_where_it_began() -> None:
    uploads = (DEPLOY / "nginx" / "machines.conf").read_text().partition("upstream uploads {")[2]
    assert uploads.lstrip().startswith("hash $remote_addr consistent;")
    said = (DEPLOY / "nginx" / "xunjian.conf").read_text().partition("location /api/v1/uploads {")[2]
    assert "proxy_pass http://uploads;" in said.partition("}")[0]


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
    told = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    [job] = told["scrape_configs"]
    assert f'job="{job["job_name"]}"' in rules[0]["expr"] and told["rule_files"] == ["alarms.yaml"]
    [asked] = job["static_configs"]
    assert asked["targets"] == [f"{address(name)}:8000" for name in ("north", "south")]


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
    # What it writes, systemd makes: a folder in ReadWritePaths that lacks keeps the unit from starting.
    made = {f"/var/lib/{name}" for name in unit["Service"]["StateDirectory"].split()}
    assert "ReadWritePaths" not in unit["Service"] and "/var/lib/xunjian" in made
    assert {word for word in unit["Service"]["ExecStart"].split() if word.startswith("/var/")} <= made
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


def test_what_the_pages_bring_is_asked_about_too() -> None:
    via = ["vite", {"title": "reads other files", "url": "https://example.org/GHSA-1"}]
    flaw = {"name": "qr", "severity": "high", "range": "<0.7.1", "via": via, "fixAvailable": True}
    counted = {"dependencies": {"prod": 31}}
    clear, found = (
        audit.told_of_pages(json.dumps({"vulnerabilities": flaws, "metadata": counted}))
        for flaws in ({}, {"qr": flaw})
    )
    assert clear == (0, "31 packages of the pages, nothing known against them")
    assert found[0] == 1 and "qr <0.7.1: high, vite; reads other files https://example.org/GHSA-1" in found[1]
    refused = {"message": "405 Method Not Allowed - POST", "statusCode": 405}
    for report, why in ((json.dumps(refused), "405"), ("", "npm said nothing"), ("[]", "[]")):
        code, words = audit.told_of_pages(report)
        assert code == 2 and why in words and "npm's registry" in words


def test_the_units_environment_is_read_and_holds_no_secret() -> None:
    lines = (DEPLOY / "systemd" / "xunjian.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name for name in given if name.startswith("XUNJIAN_")} <= documented()
    for name, value in given.items():
        assert not re.search(r"PASSWORD|TOKEN|PASSPHRASE|SECRET", name) or value.startswith("/"), name
    for key in ("XUNJIAN_SECRET_KEY_FILE", "XUNJIAN_SIGNING_KEY_FILE"):
        assert given[key].startswith(f"{given['XUNJIAN_VAR']}/"), (
            "the service makes it, and writes nowhere else"
        )
    known = {name: value for name, value in given.items() if name in documented() and "_FILE" not in name}
    made = config.Config.from_environment(known)
    assert made.bind.partition(":")[0] in (DEPLOY / "nginx" / "machines.conf").read_text()
    assert not made.bind.startswith("127.") and isinstance(made.archive, S3Address)


def test_a_command_at_the_machine_has_the_nodes_account_and_settings() -> None:
    said = (DEPLOY / "systemd" / "xunjian").read_text()
    assert os.access(DEPLOY / "systemd" / "xunjian", os.X_OK)
    for wanted in ("--uid=xunjian", "EnvironmentFile=/etc/xunjian/xunjian.env", "StateDirectory=xunjian"):
        assert wanted in said
    checked = subprocess.run(["sh", "-n"], input=said, text=True, check=False)
    assert checked.returncode == 0
