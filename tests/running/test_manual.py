"""What the manual tells people to type is there to be typed."""

import re

import click
import pytest

from server.cli import main
from tests.support.live import REPOSITORY

PAGES = ("operations.md", "keeping.md")
# A command as it stands in a line of code: words of small letters, as far as there are commands.
TYPED = re.compile(r"\bxunjian ([a-z0-9][a-z0-9-]*(?: [a-z0-9][a-z0-9-]*)*)")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_the_manual_is_one(page: str) -> None:
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    code = re.findall(r"```(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    typed = {words for block in code for words in TYPED.findall("".join(block))}
    unknown = [words for words in typed if not _known(words.split()) and not words.startswith("-")]
    assert unknown == [] and len(typed) > 5


def _known(words: list[str]) -> bool:
    command = main.commands.get(words[0])
    if not isinstance(command, click.Group) or len(words) == 1 or command.name == "backup":
        return command is not None  # `backup TO` takes a folder in the place of a command
    return words[1] in command.commands
