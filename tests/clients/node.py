"""tus-js-client from Python: one order, one report."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
# `make` puts the packages there, by their lock file.
PACKAGES = REPOSITORY / ".venv" / "clients" / "node_modules"


def tus_js(file: Path, **order: Any) -> dict[str, Any]:
    """What tus-js-client did: `asked` ([method, status]), `accepted` bytes, `url`, `error`.

    `order` are the client's own options, and `stopAfter` (bytes) with `terminate`.
    """
    if not PACKAGES.is_dir():
        raise RuntimeError("tus-js-client is not installed; run `make .venv/clients`")
    done = subprocess.run(
        [
            Path(sysconfig.get_path("scripts")) / "node",
            Path(__file__).with_name("tus.cjs"),
            json.dumps({"file": str(file), **order}),
        ],
        env={**os.environ, "NODE_PATH": str(PACKAGES), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report
