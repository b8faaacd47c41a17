"""What imports cannot say: the rules of the house that a machine can still check."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from flask import Flask

from media import errors as media_errors
from server import openapi
from server.access import AUDIENCES
from server.app import create_app
from server.catalogue import CATALOGUE
from server.endpoint import ANYONE, OPERATIONS, SIGNED_IN
from server.errors import CODES, REMEDIES
from server.reception import FETCHED
from tests.support.house import config_for

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [p for room in ("server", "sync", "media") for p in sorted((ROOT / room).rglob("*.py"))]
CODE = [
    *SHIPPED,
    *(p for room in ("tests", "bench", "tools", "migrations") for p in sorted((ROOT / room).rglob("*.py"))),
]
# Pages and the library under them; api.ts and what node_modules and dist hold is made by machines.
PAGES = sorted(
    path
    for room in (ROOT / "web").iterdir()
    if room.name not in ("node_modules", "dist")
    for path in ([room] if room.is_file() else room.rglob("*"))
    if path.suffix in (".ts", ".tsx", ".js", ".css") and path.name != "api.ts"
)
# A function longer than this hides a second one; tables of data are no functions.
LONGEST_FUNCTION, LONGEST_MODULE = 50, 400
# Time and ids are handed in (office.clock, office.new_id): composition roots alone may make them.
MAKERS = {"server/app.py", "server/replay.py", "server/passage.py"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("rules")
    return create_app(config_for(f"sqlite:///{folder}/x.db", folder))


def test_only_the_transaction_commits() -> None:
    for path in SHIPPED:
        if name(path) == "server/transaction.py":
            continue
        calls = re.findall(r"\.commit\(\)", path.read_text())
        assert not calls, f"{name(path)} commits"


def test_every_kind_is_in_the_catalogue_and_every_file_of_records_is_a_kind() -> None:
    files = {p.stem for p in (ROOT / "server").glob("*/records/*.py") if p.stem != "__init__"}
    assert {line.kind.name for line in CATALOGUE} == files


@pytest.mark.parametrize("line", CATALOGUE, ids=lambda line: line.kind.name)
def test_every_kind_has_chinese_words_and_known_audiences(line) -> None:
    assert re.search(r"[\u4e00-\u9fff]", line.kind.zh)
    for field, declared in line.kind.fields.items():
        assert re.search(r"[\u4e00-\u9fff]|SHA", declared.zh), f"{line.kind.name}.{field} has no Chinese name"
    assert set(line.kind.audiences) <= {"field", "office", "officers", "confidential", "public", "party"}


NUMBERS = re.compile(r"phone|mobile|tel(_|$)|id_no|identity|id_card|wechat|电话|手机|身份证|微信")


@pytest.mark.parametrize("line", CATALOGUE, ids=lambda line: line.kind.name)
def test_one_kind_has_numbers_of_people_and_officers_alone_see_it(line) -> None:
    """Decision 0038: tests/doors/test_numbers.py asks every door for them."""
    named = [n for n, field in line.kind.fields.items() if NUMBERS.search(n) or NUMBERS.search(field.zh)]
    if line.kind.name != "contact":
        assert not named, "a number of a person belongs to a contact, or to a page of decisions"
        return
    assert named == ["telephone"] and line.kind.fields["telephone"].personal
    assert (line.kind.audiences, line.kind.waits_in) == (("officers",), "officers")
    assert {role for role, seen in AUDIENCES.items() if "officers" in seen} == {
        *("inspector", "supervisor", "director"),
    }


def test_every_route_says_who_may(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert getattr(view, "declared", False), f"{rule} does not go through endpoint.py"
    verbs = {ANYONE, SIGNED_IN} | {f"{line.kind.name}.{d}" for line in CATALOGUE for d in ("read", "create")}
    verbs |= {f"{what}.{deed}" for what in ("person", "device") for deed in ("read", "create", "update")}
    verbs |= {"conflict.read", "photo.compare", "delivery.read", "case.read", "contact.list"}
    assert {o.may for o in OPERATIONS} <= verbs


def test_what_is_fetched_out_of_the_store_has_threads_of_its_own() -> None:
    """A silent store then keeps nobody from anything else (server/reception.py)."""
    lies_there = {"store-unavailable", "evidence-missing", "range-not-satisfiable", "export-not-ready"}
    for one in OPERATIONS:
        if one.method != "GET" or one.rule.startswith("/api/v1/uploads"):
            continue
        path = re.sub(r"<[^>]*>", "x", one.rule)
        fetched = FETCHED.match(f"get {path} http/1.1".encode()) is not None
        assert fetched == bool(lies_there & {*one.refusals}), one.rule


def test_every_error_code_has_words_and_a_remedy() -> None:
    for code, said in CODES.items():
        assert re.search(r"[\u4e00-\u9fff]", said.zh) and said.en.endswith("."), code
        assert said.remedy in REMEDIES, code
    documented = (ROOT / "docs" / "errors.md").read_text()
    for code in CODES:
        assert f"`{code}`" in documented, f"{code} is missing in docs/errors.md"


def test_every_code_that_is_raised_is_known() -> None:
    for path in SHIPPED:
        text = path.read_text()
        for code in re.findall(r"Refusal\(\s*\"([a-z-]+)\"", text):
            assert code in CODES, f"{name(path)}: {code}"
    for refusals in (o.refusals for o in OPERATIONS):
        assert set(refusals) <= set(CODES)


def test_the_media_engines_refusals_are_told_in_the_same_words() -> None:
    found = [
        cls
        for cls in vars(media_errors).values()
        if isinstance(cls, type)
        and issubclass(cls, media_errors.MediaError)
        and cls is not media_errors.MediaError
    ]
    assert found
    for cls in found:
        assert (CODES[cls.code].status, CODES[cls.code].remedy) == (cls.status, cls.remedy), cls.code


def test_clock_and_ids_are_handed_in() -> None:
    for path in SHIPPED:
        if name(path) in MAKERS:
            continue
        made = re.findall(r"datetime\.now\(|\butcnow\(|time\.time\(\)|uuid4\(\)|uuid7\(\)", path.read_text())
        # Names of files on a disk, seen by nobody.
        allowed = {"media/uploads.py": ["uuid4()"], "media/durable.py": ["uuid4()"]}
        assert made in ([], allowed.get(name(path))), f"{name(path)} makes {made}"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_module_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text()
    if "migrations/versions" in name(path):
        return
    assert text.count("\n") <= LONGEST_MODULE, f"{name(path)} has a second subject"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{name(path)}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_script_and_no_style_sheet_of_the_pages_is_too_long(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") <= LONGEST_MODULE, f"{name(path)} has a second subject"


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said and said.split("\n")[0].rstrip().endswith("."), name(path)


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert not re.search(r"util|helper|manager|misc|common", path.stem)
    defined = re.findall(r"def (process_\w+|handle_\w+)", path.read_text())
    assert not defined or name(path) == "tests/house/test_rules.py"


def test_openapi_is_what_would_be_generated() -> None:
    written = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert written == openapi.text(), "run `make openapi`"
    assert yaml.load(written, Loader=yaml.CSafeLoader)["openapi"].startswith("3.1")


def test_the_readme_shows_two_commands_and_ci_calls_the_second() -> None:
    shown = re.findall(r"^make \w+$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown == ["make run", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_pinned_requirements_name_no_machine() -> None:
    for pinned in ROOT.glob("requirements*.txt"):
        text = pinned.read_text()
        assert "://" not in text and "--find-links" not in text, pinned.name
        assert all("==" in line for line in text.splitlines() if line and not line.startswith((" ", "#")))
