from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sentiment.text.columns import aligned, cells


def test_columns_are_below_each_other_in_any_script() -> None:
    rows = [("名", "b", "數"), ("一二三", "x", "1"), ("a", "負面", "1000")]
    lines = aligned(rows, {"數"})
    assert [cell_len(line) for line in lines] == [18, 18, 18]
    assert lines[0] == "名      b       數"
    assert lines[1] == "一二三  x        1"


RANGES = ((0x20, 0x7E), (0x30A1, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFF01, 0xFF5E))


@given(st.text(st.one_of(*(st.characters(min_codepoint=first, max_codepoint=last) for first, last in RANGES))))
def test_a_text_is_as_wide_as_another_library_has_it(text: str) -> None:
    assert cells(text) == cell_len(text)


def test_marks_and_joiners_take_no_room() -> None:
    assert [
        cells(text) for text in ("e\N{COMBINING ACUTE ACCENT}", "a\N{ZERO WIDTH JOINER}b", "\N{GRINNING FACE}")
    ] == [1, 2, 2]


def test_no_rows_are_no_lines_and_no_line_ends_in_spaces() -> None:
    assert aligned([]) == []
    assert aligned([("a", "b"), ("long", "")]) == ["a     b", "long"]


@pytest.mark.parametrize("name", ["פורום", "منتدى", "٣٤"])
def test_a_name_from_right_to_left_does_not_turn_the_figures_round(name: str) -> None:
    _, row, other = aligned([("source", "rows", "change"), (name, "300", "+1.0"), ("部落格", "20", "-2.0")])
    shown = f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    assert row == f"{shown}{' ' * (8 - len(name))}300   +1.0"
    assert other == "部落格  20    -2.0"
