"""The commands that the pages show are those of the command line, with options that each of them has."""

import re
from pathlib import Path

import pytest
import typer

from sevenfold.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "manifests" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"(?:^\$ |`|&& )sevenfold (?P<verb>[a-z]+)(?P<rest>[^`\n#|;&]*)", re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def faults(text: str) -> list[str]:
    """Return what a text shows and the command line does not have; a backslash at its end continues a line."""
    found = []
    for match in SHOWN.finditer(re.sub(r"\\\n\s*", " ", text)):
        verb, words = match["verb"], match["rest"].split()
        if verb not in COMMANDS:
            found.append(verb)
            continue
        known = {name for parameter in COMMANDS[verb].params for name in (*parameter.opts, "--help")}
        options = [word.split("=")[0].rstrip(".,:") for word in words if re.match(r"--?[a-z]", word)]
        found += [f"{verb} {option}" for option in options if option not in known]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_commands_and_options_that_exist(page: Path) -> None:
    assert faults(page.read_text()) == []


def test_what_does_not_exist_would_be_seen() -> None:
    text = (
        "```console\n$ sevenfold run plan.yaml --trails 3\n$ sevenfold serf B \\\n    --port 1\n```\n"
        "`sevenfold init t --target y`"
    )
    assert faults(text) == ["run --trails", "serf"]
