"""How a message reaches a channel: WeCom, DingTalk and Feishu in Apprise's forms, mail, a plain webhook.

Apprise makes the robots' messages, and makes HTTP calls of its own. Its modules of the three robots,
the only ones that are loaded, are given `requests` that lead through outgoing.py; so pinned names,
closed networks, no redirects and no proxies hold for them too, and the answer is seen: Apprise itself
would say only "sent" or "not sent", and for WeCom and DingTalk "sent" where the robot said no.
"""

import logging
import smtplib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import orjson

from .config import MailServer
from .outgoing import Answer, Forbidden, Outgoing, Unreachable

KINDS = {"wecom": "企业微信", "dingtalk": "钉钉", "feishu": "飞书", "mail": "邮件", "webhook": "网络回调"}
# The bytes a robot takes (WeCom 2,048; the others 20,000), less a title's and an id's.
ROBOT_BYTES = {"wecom": 1_800, "dingtalk": 18_000, "feishu": 18_000}
NATIVE = {
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/",
}
MAIL_S = 15.0  # an answer of a mail server
REFUSED = range(500, 600)  # RFC 5321 §4.2.1: permanent
GONE = 410


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said; `id` stays the same however often it is sent."""

    id: str
    title: str
    text: str
    made_at: datetime

    @property
    def short(self) -> str:
        """Enough of the id for people to see that two messages are one."""
        return self.id[:8]


@dataclass(frozen=True, slots=True)
class Carried:
    """Whether it was taken; if not, why in one word, when they want it again, whether never."""

    error: str | None = None
    retry_after_s: int | None = None
    hopeless: bool = False


TAKEN = Carried()


class _Line(threading.local):
    """What Apprise's modules have in place of `requests` while this thread sends one message."""

    codes = SimpleNamespace(ok=200)
    RequestException = ConnectionError
    outgoing: Outgoing | None = None
    answer: Answer | None = None
    wrong: Forbidden | Unreachable | None = None

    def post(
        self, url: str, data: Any = b"", headers: Any = None, params: Any = None, **_ours: Any
    ) -> SimpleNamespace:
        """Through the one door. What else Apprise asks for (certificates, redirects) is not its to say."""
        assert self.outgoing is not None
        # DingTalk's signature comes percent-encoded; `requests` would encode it once more, and DingTalk's
        # own description says once.
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        body = data.encode() if isinstance(data, str) else data
        try:
            self.answer = self.outgoing.post(f"{url}&{query}" if query else url, body, headers or {})
        except (Forbidden, Unreachable) as wrong:
            self.wrong = wrong
            raise ConnectionError from None
        return SimpleNamespace(status_code=self.answer.status, content=self.answer.body)


_line = _Line()


@cache
def _robots() -> Mapping[str, Any]:
    """Apprise's classes, once a process that needs them; half a second that others need not pay."""
    from apprise.plugins import dingtalk, feishu, wecombot

    # It writes addresses with their tokens, and what it sends, into its log.
    logging.getLogger("apprise").disabled = True
    for module in (wecombot, dingtalk, feishu):
        vars(module)["requests"] = _line
    return {
        "wecom": wecombot.NotifyWeComBot,
        "dingtalk": dingtalk.NotifyDingTalk,
        "feishu": feishu.NotifyFeishu,
    }


@dataclass(frozen=True, slots=True)
class Carriers:
    """The ways out of this office; `mail` where it has a mail server."""

    outgoing: Outgoing
    mail: MailServer | None
    clock: Callable[[], datetime]

    def check(self, kind: str, address: str) -> None:
        """Whether an address may be one of its kind. Raises Forbidden."""
        if kind == "mail":
            local, _, domain = address.rpartition("@")
            if not (local and domain) or not address.isascii() or not address.isprintable() or " " in address:
                raise Forbidden("mail-address")
        elif kind == "webhook":
            try:
                self.outgoing.check(address)
            except Unreachable:
                return  # a name that is not known yet
        else:
            _robot(kind, address)

    def carry(self, kind: str, address: str, message: Message) -> Carried:
        """Send it now, once. Raises nothing."""
        try:
            if kind == "mail":
                return self._by_mail(address, message)
            if kind == "webhook":
                return self._by_webhook(address, message)
            return self._by_robot(kind, address, message)
        except Forbidden as wrong:
            return Carried(f"forbidden-{wrong.why}", hopeless=True)
        except Unreachable as wrong:
            return Carried(wrong.why)

    def _by_robot(self, kind: str, address: str, message: Message) -> Carried:
        robot = _robot(kind, address)
        # A robot's message has no id that could be sent along: people see it.
        words = f"{message.title}\n{_cut(message.text, ROBOT_BYTES[kind])}\n〔{message.short}〕"
        _line.outgoing, _line.answer, _line.wrong = self.outgoing, None, None
        try:
            robot.send(body=words)
            answer, wrong = _line.answer, _line.wrong
        finally:
            _line.outgoing = _line.answer = _line.wrong = None
        if wrong is not None:
            raise wrong
        if answer is None:
            return Carried("not-sent")
        return self._judged(answer, _said_no(answer) if answer.good else None)

    def _by_webhook(self, address: str, message: Message) -> Carried:
        body = orjson.dumps(
            {"id": message.id, "title": message.title, "text": message.text, "made_at": message.made_at}
        )
        headers = {"Content-Type": "application/json", "webhook-id": message.id}
        return self._judged(self.outgoing.post(address, body, headers))

    def _judged(self, answer: Answer, refused: str | None = None) -> Carried:
        if refused is not None:
            return Carried(refused)
        if answer.good:
            return TAKEN
        after = answer.retry_after_s(self.clock())
        return Carried(f"http-{answer.status}", after, hopeless=answer.status == GONE)

    def _by_mail(self, address: str, message: Message) -> Carried:
        """The mail server is the administrator's setting, and so may stand in the office's own network."""
        server = self.mail
        if server is None:
            return Carried("no-mail-server")
        try:
            with _mail_line(server) as line:
                line.send_message(_mail(server, address, message))
        except smtplib.SMTPRecipientsRefused as wrong:
            code = next(iter(wrong.recipients.values()))[0]
            return Carried(f"smtp-{code}", hopeless=code in REFUSED)
        except smtplib.SMTPResponseException as wrong:
            return Carried(f"smtp-{wrong.smtp_code}")
        except (smtplib.SMTPException, OSError) as wrong:
            return Carried("timeout" if isinstance(wrong, TimeoutError) else type(wrong).__name__)
        return TAKEN


def _mail(server: MailServer, address: str, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = server.sender, address, message.title
    mail["Date"] = format_datetime(message.made_at)
    mail["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
    mail.set_content(message.text)
    return mail


def _mail_line(server: MailServer) -> smtplib.SMTP:
    """Connected and signed in; plain only where the setting says smtp+plain."""
    import ssl

    if server.scheme == "smtps":
        line: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=MAIL_S, context=ssl.create_default_context()
        )
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=MAIL_S)
        if server.scheme == "smtp":
            line.starttls(context=ssl.create_default_context())
    if server.user:
        line.login(server.user, server.password)
    return line


def _robot(kind: str, address: str) -> Any:
    """Apprise's object for a robot's address: its own form (`wecombot://key`, `dingtalk://secret@token`,
    `feishu://token`) or the one that the service shows. Raises Forbidden.
    """
    made = _robots()[kind]
    native = NATIVE.get(kind)
    if native and address.startswith(native):
        address = f"{made.secure_protocol}://{address.removeprefix(native).strip('/')}"
    try:
        said = made.parse_native_url(address) if address.startswith("https://") else made.parse_url(address)
        if not said or said["schema"] != made.secure_protocol:
            raise ValueError(kind)
        return made(**said)
    except (TypeError, ValueError, KeyError):
        raise Forbidden("robot-address") from None


def _said_no(answer: Answer) -> str | None:
    """The robots' own code in an answer of 200, where it is a refusal."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "unreadable-answer"
    if not isinstance(said, dict):
        return "unreadable-answer"
    code = said.get("errcode", said.get("code", said.get("StatusCode", 0)))
    return None if code == 0 else f"robot-{str(code)[:20]}"


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, whole characters."""
    data = text.encode()
    return text if len(data) <= size else data[: size - 3].decode(errors="ignore") + "…"
