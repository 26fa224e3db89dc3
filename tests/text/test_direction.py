"""Names in Hebrew and Arabic letters: what stands beside them keeps its place."""

from __future__ import annotations

import pytest

from sentiment.text.direction import isolated
from sentiment.text.harmless import html_text, markdown, sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("“שלום”: 5 of 9 new rows", "“\u2068שלום\u2069”: 5 of 9 new rows"),
        ("שלום עולם 12 of 30", "\u2068שלום עולם\u2069 12 of 30"),  # the run ends with its last letter
        ("مرحبا 7 بالعالم, 3 of 4", "\u2068مرحبا 7 بالعالم\u2069, 3 of 4"),
        ("來源 ٣٤ 佔 12 of 30", "來源 \u2068٣٤\u2069 佔 12 of 30"),
        ("a שלום b עולם c", "a \u2068שלום\u2069 b \u2068עולם\u2069 c"),
        ("來源「論壇」: 5 of 9", "來源「論壇」: 5 of 9"),
    ],
)
def test_what_is_written_from_right_to_left_is_isolated(text: str, shown: str) -> None:
    assert isolated(text) == shown
    assert isolated(shown) == shown


@pytest.mark.parametrize("made", [sentence, markdown, html_text])
def test_a_name_in_a_mail_or_an_approval_moves_no_figures(made: object) -> None:
    assert callable(made)
    assert "\u2068שלום\u2069" in made("שלום calls posts 5 of 9")
    assert made(made("שלום 5")) == made("שלום 5")
    assert "\u202e" not in made("\u202e\u2068שלום 5")  # a stranger's own directions are dropped, as before
    assert made("\u2068abc").count("\u2068") == 0


def test_a_long_text_of_both_directions_is_isolated_in_time_that_grows_with_it() -> None:
    assert isolated("אa" * 100_000).count("\u2068") == 100_000
    assert isolated("א" + " " * 200_000) == "\u2068א\u2069" + " " * 200_000
    assert isolated("א\u05b0" * 100_000).count("\u2068") == 1
