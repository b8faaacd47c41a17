"""Many phones at the least cost: one connection each that stays open, every answer timed."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.house import issue, update
from tests.support.ports import LOOPBACK

from .serving import WJ

PATIENCE_S = 60  # longer than any wait that is still no fault


@dataclass
class Phone:
    """One device that pushes and pulls as fast as it is answered."""

    port: int
    token: str
    seed: int
    took_s: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def work(self, until: float) -> None:
        """Requests, one after the other, until the clock of time.perf_counter says so and one was told."""
        rnd, own = random.Random(self.seed), dict[str, int]()
        seen: dict[str, Any] = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0, "below": None}
        line = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_S)
        while time.perf_counter() < until or not (self.told or self.errors):
            body: dict[str, Any] = {"protocol": 1, "schema": 1, "no": len(self.took_s)}
            if rnd.random() < 0.8:
                changes = [self._change(rnd, own) for _ in range(rnd.choice((1, 1, 1, 10)))]
                body["push"] = [{"dossier": WJ, "epoch": 1, "changes": changes}]
            if rnd.random() < 0.4:
                body["pull"] = {"limit": 50, "cursors": {WJ: {"field": seen}}}
            began = time.perf_counter()
            try:
                line.request("POST", "/api/v1/exchange", orjson.dumps(body), self._headers())
                answer = line.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException) as away:
                self.errors[type(away).__name__] += 1
                line.close()
                continue
            finally:
                self.took_s.append(time.perf_counter() - began)
            if answer.status != 200:
                self.errors[f"{answer.status} {orjson.loads(data)['code']}"] += 1
                continue
            seen = self._learn(orjson.loads(data), own, seen)
        line.close()

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}

    def _change(self, rnd: random.Random, own: dict[str, int]) -> dict[str, Any]:
        if not own or rnd.random() < 0.5:
            return issue(title=f"第 {self.seed} 号 {rnd.random()}")
        record = rnd.choice(list(own))
        return update("issue", record, own[record], {"part": f"{rnd.randrange(30)}层"})

    def _learn(self, answer: dict[str, Any], own: dict[str, int], seen: dict[str, Any]) -> dict[str, Any]:
        for group in answer.get("push", ()):
            for outcome in group["outcomes"]:
                if outcome["status"] not in ("applied", "merged", "noop", "conflict"):
                    self.errors[f"outcome {outcome['status']} {outcome['why']}"] += 1
                self.told[outcome["id"]] = outcome
        if "pull" not in answer:
            return seen
        page = answer["pull"]["dossiers"][WJ]["audiences"]["field"]
        own |= {i["record"]: i["version"] for i in page["items"] if i["kind"] == "issue"}
        return seen | {"seq": page["until"], "floor": page["floor"], "below": page["below"]}


def together(phones: Sequence[Phone], seconds: float) -> float:
    """All at once, for so long; the seconds until the last answer."""
    began = time.perf_counter()
    threads = [threading.Thread(target=p.work, args=(began + seconds,), daemon=True) for p in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds + 2 * PATIENCE_S)
        assert not thread.is_alive()
    return time.perf_counter() - began


def quantile(took_s: Sequence[float], share: float) -> float:
    """The time in ms that this share of the answers needed at the most."""
    ranked = sorted(took_s)
    return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]
