"""Whatever is asked and however it is answered: an id, a line in the log, and headers that protect."""

import io
import json
import logging

import pytest
import structlog
from flask import Flask

from server import logs, passage
from server.app import create_app
from tests.support.house import House, config_for

TLS = {"base_url": "https://house.example"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("passage")
    return create_app(config_for(f"sqlite:///{folder}/x.db", folder))


def addresses(app: Flask) -> list[tuple[str, str]]:
    """An address of every route, with each method that it takes."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {name: 7 if "int" in str(rule) else "x" for name in rule.arguments}
            values |= dict.fromkeys(_uuids(str(rule)), "0" * 8 + "-0000-7000-8000-" + "0" * 12)
            path = rule.build(values, append_unknown=False)
            assert path is not None, rule
            found += [(method, path[1]) for method in sorted(rule.methods or ())]
    return found


def _uuids(rule: str) -> list[str]:
    return [part.partition(":")[2].rstrip(">") for part in rule.split("/") if part.startswith("<uuid:")]


def test_no_answer_of_any_route_goes_without_the_headers_that_protect(app: Flask) -> None:
    client, asked = app.test_client(), addresses(app)
    assert len(asked) > 150
    for method, path in asked:
        answer = client.open(path, method=method, **TLS)
        missing = [name for name in passage.HEADERS if name not in answer.headers]
        assert not missing, (method, path, answer.status_code, missing)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "'unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Strict-Transport-Security"] == passage.HSTS
        assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/no/such/thing", "/api/v1/issues?limit=no", "/api/v1/%00", "/../etc"])
def test_a_refusal_goes_with_them_too(app: Flask, path: str) -> None:
    answer = app.test_client().post(path, data=b"{", **TLS)
    assert answer.status_code >= 400
    assert set(passage.HEADERS) <= set(answer.headers.keys())
    assert answer.headers["Cache-Control"] == "no-store"


def test_hsts_is_not_said_in_the_clear(app: Flask) -> None:
    assert "Strict-Transport-Security" not in app.test_client().get("/healthz").headers


def test_what_is_somebodys_is_kept_by_nobody(site: House) -> None:
    desk = site.desk("li")
    for path in ("/api/v1/issues", "/api/v1/my-day", "/api/v1/conflicts", "/api/v1/session"):
        assert "no-store" in desk.call("GET", path).headers["Cache-Control"]


def test_an_id_that_was_given_goes_on_and_one_that_was_made_up_to_harm_does_not(app: Flask) -> None:
    def told(given: str) -> str:
        return app.test_client().get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert told("abc-123") == "abc-123"
    for bad in ("x" * 65, "a\tb", "<script>", "号"):
        assert told(bad) != bad


def test_every_line_that_a_request_leads_to_bears_its_id(app: Flask, monkeypatch) -> None:
    """Also the lines of others: a library's warning is found with the request that it was for."""
    written = io.StringIO()
    monkeypatch.setattr(logging.root, "handlers", [logs.handler(written)])

    def ask() -> str:
        structlog.get_logger().info("ours", n=1)
        logging.getLogger("theirs").warning("of a library")
        raise RuntimeError("our fault")

    app.view_functions["ask"] = ask
    with app.test_request_context("/healthz", headers={"X-Request-Id": "one-request"}):
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=written))
        app.preprocess_request()
        app.process_response(app.handle_user_exception(_raised(ask)))
    logs.configure()
    assert structlog.contextvars.get_contextvars() == {}
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert {line["event"] for line in lines} >= {"ours", "of a library", "unexpected"}
    assert {line["request_id"] for line in lines} == {"one-request"}


def _raised(ask) -> Exception:
    try:
        ask()
    except RuntimeError as wrong:
        return wrong
    raise AssertionError
