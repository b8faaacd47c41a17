"""WeCom, DingTalk and Feishu: Apprise's forms, our door; a robot's own no is a no."""

import base64
import hmac
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.carriers import Carriers, Message
from server.outgoing import Outgoing
from tests.support.receiver import Receiver, receiving

HOSTS = ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn")
ROBOTS = {
    "wecom": ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd-1234", "/cgi-bin/webhook/send"),
    "dingtalk": ("dingtalk://SECabc123@0123456789abcdef", "/robot/send"),
    "feishu": (
        "https://open.feishu.cn/open-apis/bot/v2/hook/ab12-cd",
        "/open-apis/bot/v2/hook/ab12-cd/",
    ),
}
MESSAGE = Message(
    id="5f3c9a10-0000-5000-8000-000000000000",
    title="整改逾期",
    text="望京一号：临边防护缺失，已逾期 1 天。",
    made_at=datetime(2026, 11, 22, tzinfo=UTC),
)
NO_PROXY = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side for the robots' hosts, and a client's that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "robots")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, secret)
    return server, ssl.create_default_context(cafile=str(cert))


@pytest.fixture
def robots(tmp_path: Path) -> Iterator[tuple[Receiver, Callable[..., Carriers]]]:
    """The three services behind their real names, on the loopback, over real TLS."""
    server, client = certificate(tmp_path)
    with receiving(server) as there:
        there.usual = (200, {}, b'{"errcode":0,"errmsg":"ok"}')
        port = int(there.url.rsplit(":", 1)[1])

        def resolve(host: str, _port: int, **_: Any) -> list[tuple[Any, ...]]:
            assert host in (*HOSTS, "elsewhere.example")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        def carriers(*, allow: str = "127.0.0.1/32") -> Carriers:
            nets = [ip_network(net) for net in allow.split() if net]
            door = Outgoing(nets, resolve=resolve, trust=client)
            return Carriers(door, None, lambda: datetime(2026, 11, 22, tzinfo=UTC))

        yield there, carriers


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_gets_the_words_and_the_short_id(robots: Any, kind: str) -> None:
    there, carriers = robots
    address, path = ROBOTS[kind]
    carried = carriers().carry(kind, address, MESSAGE)
    assert carried.error is None
    [taken] = there.taken
    assert urlsplit(taken.path).path == path and taken.headers["host"] in HOSTS
    said = json.dumps(taken.said, ensure_ascii=False)
    assert "整改逾期" in said and "已逾期 1 天" in said and "〔5f3c9a10〕" in said
    if kind == "dingtalk":
        query = {name: value for name, [value] in parse_qs(urlsplit(taken.path).query).items()}
        signed = f"{query['timestamp']}\nSECabc123".encode()  # as DingTalk describes it
        right = base64.b64encode(hmac.digest(b"SECabc123", signed, "sha256")).decode()
        assert (query["access_token"], query["sign"]) == ("0123456789abcdef", right)


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robots_own_no_is_no_success(robots: Any, kind: str) -> None:
    """They answer 200 and say no inside."""
    there, carriers = robots
    for answer, why in (
        (b'{"errcode":45009,"errmsg":"api freq out of limit"}', "robot-45009"),
        (b'{"code":9499,"msg":"Bad Request"}', "robot-9499"),
        (b"<html>proxy</html>", "unreadable-answer"),
        (b"", "unreadable-answer"),
        (b"[]", "unreadable-answer"),
    ):
        there.script = [(200, {}, answer)]
        assert carriers().carry(kind, ROBOTS[kind][0], MESSAGE).error == why


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robots_wait_a_cut_line_and_a_redirect_are_seen(robots: Any, kind: str) -> None:
    there, carriers = robots
    there.script = [
        (429, {"Retry-After": "77"}),
        "cut",
        (302, {"Location": "https://elsewhere.example/"}),
        503,
    ]
    said = [carriers().carry(kind, ROBOTS[kind][0], MESSAGE) for _ in range(4)]
    assert (said[0].error, said[0].retry_after_s) == ("http-429", 77)
    assert [one.error for one in said[2:]] == ["http-302", "http-503"] and said[1].error
    assert len(there.taken) == 4, "a redirect is not followed"


@pytest.mark.parametrize("kind", ROBOTS)
def test_apprise_makes_no_call_beside_the_door(
    robots: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads inside is refused for a robot too, whatever its address or environment say."""
    there, carriers = robots
    for name in NO_PROXY:
        monkeypatch.setenv(name, there.url)
    shut = carriers(allow="")
    for more in ("", "?verify=no&redirect=yes&rto=60"):
        address = ROBOTS[kind][0]
        carried = shut.carry(kind, address + ("" if "?" in address else more), MESSAGE)
        assert (carried.error, carried.hopeless) == ("forbidden-address", True)
    assert there.taken == []


def test_a_certificate_of_another_name_is_not_believed(robots: Any) -> None:
    there, carriers = robots
    carried = carriers().carry("webhook", "https://elsewhere.example/x", MESSAGE)
    assert carried.error == "certificate" and there.taken == []


def test_a_long_text_is_cut_to_what_the_robot_takes(robots: Any) -> None:
    there, carriers = robots
    long = Message(MESSAGE.id, MESSAGE.title, "逾期" * 5_000, MESSAGE.made_at)
    assert carriers().carry("wecom", ROBOTS["wecom"][0], long).error is None
    content = there.taken[0].said["text"]["content"]
    assert len(content.encode()) <= 2_048 and content.endswith("…\n〔5f3c9a10〕") and len(there.taken) == 1
