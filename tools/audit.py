"""What is known against the packages that we install: asked of pip-audit, and told so that nobody takes
silence for an all-clear.

`python -m tools.audit REQUIREMENTS`: exit 0 nothing is known, 1 something is, 2 nobody could be asked.
"""

import json
import subprocess
import sys
from typing import Any

UNASKED = (
    "未能查询 not asked: {why}\n"
    "Nothing is known about what we install, for better or worse. Run `make audit` where pypi.org's JSON"
    " interface can be reached."
)


def told(report: str, complaint: str) -> tuple[int, str]:
    """The exit code and the words for what pip-audit said in JSON and on its standard error."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = complaint.strip().rpartition("\n")[2]
        return 2, UNASKED.format(why=last or "pip-audit said nothing")
    lines = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {_mended(flaw)}"
        for one in packages
        for flaw in one.get("vulns", ())
    ]
    skipped = [one for one in packages if "skip_reason" in one]
    if lines:
        return 1, "\n".join(["有已知漏洞 known to be vulnerable:", *lines])
    if skipped or not packages:
        first = f", of {skipped[0]['name']}: {skipped[0]['skip_reason']}" if skipped else ""
        return 2, UNASKED.format(why=f"{len(skipped)} of {len(packages)} packages{first}")
    return 0, f"{len(packages)} packages, nothing known against them"


def _mended(flaw: dict[str, Any]) -> str:
    return ", ".join(flaw["fix_versions"]) or "no release yet"


def main(requirements: str) -> int:
    """Ask about the packages pinned in a file."""
    asked = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--no-deps"]
    done = subprocess.run(  # noqa: S603  # a path from the Makefile
        [*asked, "--disable-pip", "--requirement", requirements], capture_output=True, text=True, check=False
    )
    code, words = told(done.stdout, done.stderr)
    print(words)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
