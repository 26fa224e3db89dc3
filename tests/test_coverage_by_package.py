"""The table of `make coverage`, and its floor."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import Coverage
from coverage_by_package import by_package, main


def summary(reached: int, all_: int) -> dict[str, int]:
    """Half of what is reached, and of all, are branches."""
    lines, branches = reached - reached // 2, reached // 2
    return {
        **{"covered_lines": lines, "num_statements": all_ - all_ // 2},
        **{"covered_branches": branches, "num_branches": all_ // 2},
    }


def test_packages_are_summed_up_and_the_least_reached_is_first() -> None:
    files = {
        "sentiment/cli.py": summary(10, 10),
        "sentiment/data/ingest.py": summary(8, 10),
        "sentiment/data/formats/csv.py": summary(2, 10),
        "sentiment/gate/__init__.py": summary(0, 0),
    }
    assert [(row.package, row.percent) for row in by_package(files)] == [
        ("sentiment/data", 50.0),
        ("sentiment", 100.0),
        ("sentiment/gate", 100.0),
    ]


@pytest.mark.parametrize(("floor", "code"), [(50, 0), (90, 1)])
def test_under_the_floor_one_line_says_so(
    floor: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.py").write_text("if __file__ is None:\n    a = 1\nb = 2\n", encoding="utf-8")
    (tmp_path / ".coveragerc").write_text(
        f"[run]\nbranch = true\nsource = .\n[report]\nfail_under = {floor}\n", encoding="utf-8"
    )
    measured = Coverage()
    measured.get_data().add_arcs({str(tmp_path / "toy.py"): [(-1, 1), (1, 3), (3, -1)]})
    measured.get_data().write()
    assert main() == code
    told = capsys.readouterr()
    assert "60.0 %" in told.out
    assert told.err == ("coverage: the tests must reach 90 % of all; found 60.0. Test what is new.\n" if code else "")
