"""Decoders that do what a hostile picture would make a real one do; run in a darkroom only."""

import os
import signal
import time
from pathlib import Path
from typing import Any


def rogue(picture: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    deed = request.get("deed")  # none: it answers, with nonsense
    if deed == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif deed == "sleep":
        time.sleep(60)
    elif deed == "spin":
        while True:
            pass
    elif deed == "gorge":
        return {"size": len(bytearray(1 << 30))}, b""
    elif deed == "scribble":
        os.write(picture, b"x" * 10)
    elif deed == "fill":
        Path(request["path"]).write_bytes(b"x" * 10)
    elif deed == "vanish":
        os._exit(0)
    return {"pid": os.getpid(), "server": os.getppid()}, os.read(picture, 100)
