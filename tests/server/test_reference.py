"""The API's page: every route, shape and refusal of the description, without a script."""

import re

from server.endpoint import ANYONE, OPERATIONS
from server.errors import CODES
from server.reference import rules
from server.reference.routes import DESCRIPTION
from tests.support.house import House


def test_every_route_shape_and_refusal_has_its_place_on_the_page(house: House) -> None:
    page = house.app.test_client().get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    text = page.get_data(as_text=True)
    anchors = set(re.findall(r'id="([\w.-]+)"', text))
    assert {operation.name for operation in OPERATIONS} <= anchors
    assert all(f"<code>{code}</code>" in text for code in CODES)
    signed_in = sum(operation.may != ANYONE for operation in OPERATIONS)
    assert text.count("<code>token-expired</code>") > signed_in, "told at each, though described once"
    links = set(re.findall(r'href="#([\w.-]+)"', text))
    assert links and links <= anchors, links - anchors


def test_code_in_a_sentence_is_set_as_code_and_nothing_else_is_markup() -> None:
    assert rules.coded("`not-found`: <b>No</b> such thing") == (
        "<code>not-found</code>: &lt;b&gt;No&lt;/b&gt; such thing"
    )


def test_no_backtick_is_left_on_the_page(house: House) -> None:
    assert "`" not in house.app.test_client().get("/api/docs").get_data(as_text=True)


def test_the_page_runs_nothing_and_asks_no_other_host(house: House) -> None:
    client = house.app.test_client()
    page = client.get("/api/docs")
    text = page.get_data(as_text=True)
    assert not re.search(r"<script|\son\w+=|style=|<style", text)
    assert not re.search(r'(?:src|href)="(?!/api/|#)', text)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "trusted-types 'none'" in policy and "unsafe" not in policy
    assert client.get("/api/docs/reference.css").mimetype == "text/css"
    again = client.get("/api/docs", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_machines_get_the_description_as_it_is_written(house: House) -> None:
    assert house.app.test_client().get("/api/openapi.yaml").data == DESCRIPTION.read_bytes()


def test_a_type_is_told_in_a_few_words() -> None:
    assert rules.type_of({"type": ["string", "null"]}) == "string | null"
    assert (
        rules.type_of({"type": "array", "items": {"$ref": "#/components/schemas/Photo"}}) == "array of Photo"
    )
    assert rules.type_of({"anyOf": [{"$ref": "#/components/schemas/Named"}, {"type": "null"}]}) == "Named"
    assert rules.type_of({"enum": ["a", None]}) == "“a” | null"
    assert (
        rules.limits({"minLength": 1, "maxLength": 9, "default": "x"})
        == "minLength 1, maxLength 9, default x"
    )
