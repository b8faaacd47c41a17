"""What an administrator does at the machine: checklists in and out, licences."""

from datetime import date
from pathlib import Path

import orjson

from server.cli import main
from server.inspections.actions import checklists as actions
from server.people.queries import by_username
from tests.support.house import House


def run(house: House, *arguments: str) -> str:
    result = house.app.test_cli_runner().invoke(main, arguments)
    return f"{result.exit_code} {result.output}"


def test_the_standard_is_loaded_exported_and_loaded_again_in_either_form(
    house: House, tmp_path: Path
) -> None:
    assert run(house, "checklist", "load").startswith("0 jgj59 edition 1: entered")
    assert "was there" in run(house, "checklist", "load")
    for option, path in (([], tmp_path / "a.json"), (["--excel"], tmp_path / "a.xlsx")):
        told = run(house, "checklist", "export", "jgj59", *option, "--out", str(path))
        assert told.startswith("0 ")
        assert "was there" in run(house, "checklist", "load", str(path))
    assert orjson.loads((tmp_path / "a.json").read_bytes()) == actions.given()
    assert "no checklist dust" in run(house, "checklist", "export", "dust")
    assert "no checklist jgj59" in run(house, "checklist", "export", "jgj59", "--edition", "2")


def test_a_file_that_is_no_checklist_is_refused_with_its_faults(house: House, tmp_path: Path) -> None:
    for name, data in (("a.yaml", b"code: x"), ("b.yaml", b"- 1"), ("c.xlsx", b"PK"), ("d.yaml", b"a: [")):
        path = tmp_path / name
        path.write_bytes(data)
        told = run(house, "checklist", "load", str(path))
        assert told.startswith("1 ") and "Error" in told, name
        assert "Traceback" not in told


def test_a_licence_is_entered_and_taken_away(house: House) -> None:
    house.person("li", "inspector", "project:x")
    assert run(house, "user", "licence", "li", "京朝执法1", "--until", "2027-12-31").startswith("0 ")
    with house.app.app_context():
        person = by_username("li")
        assert person and (person.licence_no, person.licence_until) == ("京朝执法1", date(2027, 12, 31))
    assert run(house, "user", "licence", "li", "京朝执法1").startswith("1 ")
    assert "no licence" in run(house, "user", "licence", "li")
    assert run(house, "user", "licence", "nobody").startswith("1 ")
