from __future__ import annotations

import pytest

from sentiment.experiments.table import Table
from sentiment.text.units import bytes_as_text, time_left


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((None, "-"), (0, "0B"), (999, "999B"), (1024, "1.0K"), (1020 * 1024, "1.0M"), (390 * 2**20, "390M")),
        *((int(1.1 * 2**30), "1.1G"), (int(9.5 * 2**20), "9.5M"), (3000 * 2**30, "3000G"), (9_990_000, "9.5M")),
    ],
)
def test_sizes_read_as_in_the_originals_table(count: int | None, text: str) -> None:
    assert bytes_as_text(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (89, "89 s"), (120, "2 min"), (9000, "2.5 h")])
def test_the_time_left_is_for_people(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


def test_markdown_marks_the_best_row_and_keeps_the_notes() -> None:
    table = Table("rates", ("model", "acc"), [["a", "0.1"], ["b|c", "0.2"]], best=1, notes=["two rows"])
    assert table.markdown().splitlines() == [
        *("## rates", "", "| model | acc |", "| --- | --- |", "| a | 0.1 |", "| `b\\|c` | 0.2 |", "", "- two rows")
    ]


def test_on_the_terminal_no_cell_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    cells = [f"cell{number:02}-of-the-row" for number in range(12)]
    Table("wide [not markup]", [f"heading{number}" for number in range(12)], [cells], notes=["n" * 300]).show()
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert all(cell in next(line for line in lines if "cell00" in line) for cell in cells)
    assert "wide [not markup]" in printed.err
    assert "n" * 300 in lines
