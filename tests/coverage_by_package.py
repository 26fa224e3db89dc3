"""`make coverage`'s table: what share of each package's lines and branches the tests reach, the least reached first.

It reads `.coverage`, the combined data of the tests' parts. Exit code 1 when the whole is under `fail_under` of
pyproject.toml.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from coverage import Coverage


class Reached(NamedTuple):
    package: str
    reached: int  # lines and branches
    all: int

    @property
    def percent(self) -> float:
        return 100 * self.reached / self.all if self.all else 100.0


def package_of(file: str) -> str:
    """`sentiment/data/formats/csv.py` belongs to `sentiment/data`, `sentiment/cli.py` to `sentiment`."""
    return "/".join(Path(file).parts[:2]) if len(Path(file).parts) > 2 else Path(file).parts[0]


def by_package(files: dict[str, dict[str, int]]) -> list[Reached]:
    """Returns the packages, the least reached first, from coverage's summary of each file."""
    reached: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for file, summary in files.items():
        reached[package_of(file)] += summary["covered_lines"] + summary["covered_branches"]
        total[package_of(file)] += summary["num_statements"] + summary["num_branches"]
    return sorted((Reached(name, reached[name], total[name]) for name in total), key=lambda row: row.percent)


def main() -> int:
    measured = Coverage()
    measured.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        measured.json_report(outfile=file.name)
        files = {name: found["summary"] for name, found in json.load(file)["files"].items()}
    rows = by_package(files)
    whole = Reached("all", sum(row.reached for row in rows), sum(row.all for row in rows))
    for row in [*rows, whole]:
        print(f"{row.package:34}{row.all:7,}{row.percent:7.1f} %")
    floor = float(str(measured.get_option("report:fail_under")))
    if whole.percent < floor:
        print(
            f"coverage: the tests must reach {floor:g} % of all; found {whole.percent:.1f}. Test what is new.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
