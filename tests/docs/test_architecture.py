"""docs/architecture.md lists the floors as the import linter checks them, and every package of them."""

from __future__ import annotations

import re
import tomllib

import pytest
from support.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def names(floor: str) -> list[str]:
    """`cli | run_sentiment   the verbs` names two modules."""
    found = re.match(r"\w+(?: \| \w+)*", floor)
    assert found, floor
    return found[0].split(" | ")


def test_the_page_lists_the_floors_in_the_order_that_imports_keep_to() -> None:
    [layers] = [contract["layers"] for contract in CONTRACTS if contract["id"] == "floors"]
    block = PAGE.split("## The floors")[1].split("```text\n")[1].split("```")[0]
    assert [names(line) for line in block.splitlines()] == [names(layer) for layer in layers]


def test_every_package_is_on_a_floor_of_the_page() -> None:
    floors = {name for line in PAGE.split("```text\n")[1].splitlines() if line for name in re.findall(r"\w+", line)}
    packages = {path.parent.name for path in (ROOT / "sentiment").glob("*/__init__.py")}
    assert packages and packages - floors == set()


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_for_developers_names_is_there(page: str) -> None:
    """A path with a folder and an ending names a file of the project or of the package; NAME stands for any name."""
    named = set(re.findall(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)`", (ROOT / page).read_text(encoding="utf-8")))
    missing = [name for name in named if not any((ROOT / top / name).is_file() for top in ("", "sentiment"))]
    assert len(named) > 8 and missing == []
