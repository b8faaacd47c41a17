"""What is known against the packages that we install and that pages bring: asked of pip-audit and of npm, and
told so that nobody takes silence for an all-clear.

`python -m tools.audit REQUIREMENTS PAGES`: exit 0 nothing is known, 1 something is, 2 somebody could not be
asked.
"""

import json
import subprocess
import sys
from typing import Any

UNASKED = (
    "未能查询 not asked: {why}\n"
    "Nothing is known about what we install, for better or worse. Run `make audit` where {where}."
)
PYPI = "pypi.org's JSON interface can be reached"
NPM = "npm's registry answers `npm audit`"


def told(report: str, complaint: str) -> tuple[int, str]:
    """The exit code and the words for what pip-audit said in JSON and on its standard error."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = complaint.strip().rpartition("\n")[2]
        return 2, UNASKED.format(why=last or "pip-audit said nothing", where=PYPI)
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
        return 2, UNASKED.format(why=f"{len(skipped)} of {len(packages)} packages{first}", where=PYPI)
    return 0, f"{len(packages)} packages, nothing known against them"


def _mended(flaw: dict[str, Any]) -> str:
    return ", ".join(flaw["fix_versions"]) or "no release yet"


def told_of_pages(report: str) -> tuple[int, str]:
    """As `told`, of what npm said in JSON: its report of version 2, or why there is none."""
    try:
        said: dict[str, Any] = json.loads(report)
        flawed, count = said["vulnerabilities"], said["metadata"]["dependencies"]["prod"]
    except ValueError:
        return 2, UNASKED.format(why="npm said nothing", where=NPM)
    except (KeyError, TypeError):
        return 2, UNASKED.format(why=str(said)[:200] if "message" not in said else said["message"], where=NPM)
    if not flawed:
        return 0, f"{count} packages of the pages, nothing known against them"
    lines = [
        f"{name} {one['range']}: {one['severity']}, "
        + "; ".join(why if isinstance(why, str) else f"{why['title']} {why['url']}" for why in one["via"])
        for name, one in flawed.items()
    ]
    return 1, "\n".join(["有已知漏洞 known to be vulnerable:", *lines])


def _asked(command: list[str], folder: str) -> tuple[str, str]:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as wrong:
        return "", str(wrong)
    return done.stdout, done.stderr


def main(requirements: str, pages: str) -> int:
    """Ask about the packages pinned in a file, and about those that the folder of the pages ships."""
    pip = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--no-deps"]
    found = told(*_asked([*pip, "--disable-pip", "--requirement", requirements], "."))
    # By the lock file alone: what only builds them is not theirs.
    web = told_of_pages(_asked(["npm", "audit", "--omit=dev", "--package-lock-only", "--json"], pages)[0])
    for _code, words in (found, web):
        print(words)  # noqa: T201
    codes = {found[0], web[0]}
    return 1 if 1 in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
