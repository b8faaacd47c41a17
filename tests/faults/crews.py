"""Crews that work while the server is killed: each repeats, byte for byte, what was not acknowledged."""

import collections
import hashlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson

from sync.line import HttpLine, NoLine
from tests.support.house import create, issue, jpeg, new_id, update

from .serving import WJ

PAUSE_S = 0.02  # between two attempts at a server that is away
TITLES = ("临边防护缺失", "配电箱未上锁", "脚手架连墙件缺失", "基坑边堆载")


class Abandoned(Exception):
    """The day is over and the server is away: what is under way stays unacknowledged."""


class Crew(threading.Thread):
    """One device with one person. `told` holds every first acknowledgement, by change id."""

    def __init__(self, line: HttpLine, seed: int) -> None:
        super().__init__(daemon=True)
        self.line, self.rnd = line, random.Random(seed)
        self.sent: dict[str, dict[str, Any]] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.known: dict[str, int] = {}  # issue → the version that this device has seen
        self.interrupted = 0  # requests that a kill left without an answer
        self.fault: BaseException | None = None
        self._ends = threading.Event()

    def run(self) -> None:
        """Work until told to stop."""
        try:
            while not self._ends.is_set():
                self.work()
        except Abandoned:
            pass
        except BaseException as fault:
            self.fault = fault
        finally:
            self.line.close()

    def stop(self) -> None:
        """Ask it to end with what it is at, answered or not."""
        self._ends.set()

    def work(self) -> None:
        """One piece of work, to its acknowledgement."""
        raise NotImplementedError

    def insist(self, ask: Callable[[], Any]) -> Any:
        """Ask until there is an answer. The server may be away or starting, and nothing else."""
        try:
            return ask()
        except NoLine:
            self.interrupted += 1
        while not self._ends.is_set():
            time.sleep(PAUSE_S)
            try:
                return ask()
            except NoLine:
                continue
        raise Abandoned

    def learn(self, outcomes: Sequence[dict[str, Any]]) -> None:
        """Keep acknowledgements. Raises AssertionError where one differs from an earlier one."""
        for outcome in outcomes:
            assert outcome["status"] not in ("invalid", "retry"), outcome
            first = self.told.setdefault(outcome["id"], outcome)
            assert {**first, "replay": outcome["replay"]} == outcome
            if outcome["version"] is not None:
                self.known[self.sent[outcome["id"]]["record"]] = outcome["version"]


class Inspector(Crew):
    """Pushes singles and batches of its own and others' issues, and pulls with a cursor."""

    def __init__(self, line: HttpLine, seed: int) -> None:
        super().__init__(line, seed)
        self.cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
        self.shadow: dict[str, int] = {}
        self.pushes: collections.deque[bytes] = collections.deque(maxlen=30)
        self.no = 0

    def work(self) -> None:
        """A push, a pull, or both in one request."""
        rnd, body = self.rnd, {"protocol": 1, "schema": 1, "no": self.no}
        self.no += 1
        what = rnd.random()
        if what < 0.8:
            changes = [self._change() for _ in range(rnd.choice((1, 1, 1, 5, 40)))]
            self.sent |= {c["id"]: c for c in changes}
            body["push"] = [{"dossier": WJ, "epoch": 1, "changes": changes}]
        if what > 0.3:  # in a request of both, most kills fall between the commit and the answer
            body["pull"] = {"limit": rnd.choice((3, 50, 500)), "cursors": {WJ: {"field": self.cursor}}}
        self.exchange(body)

    def exchange(self, body: dict[str, Any]) -> bool:
        """One request until it is answered; whether the pull has more."""
        data = orjson.dumps(body)
        answer = orjson.loads(self.insist(lambda: self.line.exchange(data)))
        if "push" in body:
            self.pushes.append(data)
        for group in answer.get("push", ()):
            assert "error" not in group, group
            self.learn(group["outcomes"])
        return bool("pull" in answer and self._take(answer["pull"]["dossiers"][WJ]["audiences"]["field"]))

    def repeat(self) -> None:
        """Send the last pushes once more: all are known, and answered as they were."""
        for data in self.pushes:
            [group] = orjson.loads(self.line.exchange(data))["push"]
            assert all(o["replay"] for o in group["outcomes"])
            self.learn(group["outcomes"])

    def catch_up(self) -> dict[str, int]:
        """Everything that there is, after the last cursor: record → version."""
        pull = {"limit": 500, "cursors": {WJ: {"field": self.cursor}}}
        while self.exchange({"protocol": 1, "schema": 1, "no": self.no, "pull": pull}):
            pull["cursors"] = {WJ: {"field": self.cursor}}
        return self.shadow

    def _take(self, page: dict[str, Any]) -> bool:
        assert page["since"] == self.cursor["seq"] and page["until"] >= page["since"]
        for item in page["items"]:
            if item["op"] == "put":
                self.shadow[item["record"]] = item["version"]
                if item["kind"] == "issue":
                    self.known[item["record"]] = item["version"]
            else:
                self.shadow.pop(item["record"], None)
        self.cursor = self.cursor | {"seq": page["until"], "floor": page["floor"]}
        return bool(page["more"])

    def _change(self) -> dict[str, Any]:
        rnd = self.rnd
        if not self.known or rnd.random() < 0.6:
            return issue(title=f"{rnd.choice(TITLES)} {rnd.randrange(10**6)}")
        record = rnd.choice(list(self.known))
        said: dict[str, Any] = rnd.choice(
            (
                {"title": f"{rnd.choice(TITLES)}，复查 {rnd.randrange(10**6)}"},
                {"part": f"{rnd.randrange(30)}层"},
                {"severity": rnd.choice(("general", "serious", "major"))},
                {"notes": {"append": [{"id": new_id(), "text": "已通知"}]}},
                {"tags": {"add": [f"标{rnd.randrange(5)}"]}},
            )
        )
        return update("issue", record, self.known[record], said)


class Supervisor(Crew):
    """Sits at the desk: reads the queue, amends one issue after the other over REST."""

    def work(self) -> None:
        """One PATCH, with an id and a time of its own so that it may be repeated."""
        if not self.known or self.rnd.random() < 0.1:
            page = self._request("GET", "/api/v1/issues", params={"limit": "50"})
            self.known |= {i["id"]: i["version"] for i in page["items"]}
            return
        record, change = self.rnd.choice(list(self.known)), new_id()
        fields = {"demand": {"set": f"限期整改 {self.rnd.randrange(10**6)}"}}
        said = {"fields": fields, "change": change, "at": "2026-11-22T10:00:00+08:00"}
        self.sent[change] = {"record": record, "fields": fields}
        headers = {"If-Match": f'"{self.known[record]}"', "Content-Type": "application/json"}
        data, path = orjson.dumps(said), f"/api/v1/issues/{record}"
        self.learn([self._request("PATCH", path, content=data, headers=headers)["outcome"]])

    def _request(self, method: str, path: str, **more: Any) -> Any:
        answer: httpx.Response = self.insist(lambda: self.line.request(method, path, **more))
        return answer.json()


class Photographer(Crew):
    """Enters photographs and sends their bytes by tus. `home` holds what was acknowledged, both."""

    def __init__(self, line: HttpLine, seed: int, folder: Path) -> None:
        super().__init__(line, seed)
        self.folder = folder
        self.home: dict[str, str] = {}

    def work(self) -> None:
        """The record first, or the bytes first: both happen."""
        data = jpeg(f"hsl({self.rnd.randrange(360)},60%,50%)", (320, 240))
        data += self.rnd.randbytes(self.rnd.choice((2_000, 60_000, 1_400_000)))
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / f"{digest}.jpg"
        path.write_bytes(data)
        values = {"subject": new_id(), "sha256": digest, "size": len(data), "mime": "image/jpeg"}
        photo = create("photo", values | {"taken_at": "2026-11-21T10:00:00Z"})
        self.sent[photo["id"]] = photo
        steps = [lambda: self._enter(photo), lambda: self._upload(path, photo["record"], digest)]
        for step in steps if self.rnd.random() < 0.7 else reversed(steps):
            step()
        self.home[photo["record"]] = digest
        path.unlink()

    def _enter(self, photo: dict[str, Any]) -> None:
        group = {"dossier": WJ, "epoch": 1, "changes": [photo]}
        data = orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": [group]})
        self.learn(orjson.loads(self.insist(lambda: self.line.exchange(data)))["push"][0]["outcomes"])

    def _upload(self, path: Path, photo: str, digest: str) -> None:
        said = {"dossier": WJ, "photo": photo, "sha256": digest, "mime": "image/jpeg", "name": path.name}
        held = 0

        def note(offset: int) -> None:
            nonlocal held
            assert offset > held, f"bytes up to {held} were acknowledged, and asked for again"
            held = offset

        self.insist(lambda: self.line.upload(path, progress=note, **said))
