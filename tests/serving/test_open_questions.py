from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.serving.open_questions import Question, ask, closed_version, forget, questions_file, read_questions
from sentiment.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_newer_canary_closes_the_questions_about_older_ones_once(settings: Settings) -> None:
    assert ask(settings, "one", 3) == []
    assert ask(settings, "by hand", 3) == []
    assert ask(settings, "two", 4) == ["one", "by hand"]
    assert ask(settings, "three", 5) == ["two"]
    assert closed_version(settings, "one") == 3
    assert closed_version(settings, "three") is None
    forget(settings, "one")
    assert closed_version(settings, "one") is None


def test_asking_anew_opens_the_question_again(settings: Settings) -> None:
    ask(settings, "one", 3)
    ask(settings, "two", 4)
    assert ask(settings, "one", 4) == []
    assert read_questions(settings) == {"two": Question(4), "one": Question(4)}


@pytest.mark.parametrize("content", ["", "[]", '{"one": 3}', '{"one": ["x", false]}'])
def test_a_damaged_file_holds_no_question(settings: Settings, content: str) -> None:
    questions_file(settings).parent.mkdir()
    questions_file(settings).write_text(content, encoding="utf-8")
    assert read_questions(settings) == {}
    forget(settings, "one")
    assert ask(settings, "one", 3) == []
    assert read_questions(settings) == {"one": Question(3)}
