"""requirements/*.txt: what an environment installs is known to the byte, whatever package index is configured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "requirements"
FILES = sorted(FOLDER.glob("*.txt"))
PIN = re.compile(r"([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^\s;\\]+)")
EXTENDED = [("trainer-dev", "trainer"), ("trainer-gpu", "trainer"), ("score", "trainer"), ("airflow-dev", "airflow")]


def requirements(file: Path) -> list[str]:
    """Returns the requirements of a file with their hashes: lines that end with a backslash go on."""
    text = re.sub(r"^\s*#.*\n?", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return text.replace("\\\n", " ").splitlines()


def pins(file: Path) -> dict[str, str]:
    return {found[1]: found[2] for found in map(PIN.match, requirements(file)) if found}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_requirement_is_one_release_known_by_its_digests(file: Path) -> None:
    assert len(requirements(file)) > 0
    for line in requirements(file):
        assert PIN.match(line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_index_and_no_address_is_named(file: Path) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("larger", "smaller"), EXTENDED)
def test_what_is_tested_is_what_is_installed(larger: str, smaller: str) -> None:
    assert pins(FOLDER / f"{smaller}.txt").items() <= pins(FOLDER / f"{larger}.txt").items()
