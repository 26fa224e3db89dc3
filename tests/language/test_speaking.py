"""A sentence in its reader's language."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pytest

from sentiment.errors import InputError
from sentiment.language import speaking, spoken, tr, tr_many
from sentiment.language.markup import tr_html
from sentiment.settings import language_of_people, read_settings
from sentiment.text.taipei import taipei_time

AT = datetime(2026, 11, 27, 23, 25, tzinfo=UTC)


def test_a_sentence_is_english_until_another_language_is_spoken() -> None:
    assert taipei_time(AT) == "28 Nov 07:25 (Taipei)"
    with speaking("zh-TW"):
        assert taipei_time(AT) == "11月28日 07:25（臺北）"
        assert spoken() == "zh-TW"
    assert (taipei_time(AT), spoken()) == ("28 Nov 07:25 (Taipei)", "en")


def test_a_sentence_or_a_language_without_a_translation_is_english() -> None:
    with speaking("zh-TW"):
        assert tr("no sentence of ours: {thing}", thing=3) == "no sentence of ours: 3"
        assert tr_many("{number} stone", "{number} stones", 2) == f"{2} stones"
    with speaking("tlh"):
        assert taipei_time(AT) == "28 Nov 07:25 (Taipei)"


def test_braces_in_a_value_are_left_alone() -> None:
    assert tr("{post}", post="{0.__class__}") == "{0.__class__}"


def test_a_thread_does_not_hear_what_another_speaks() -> None:
    heard: list[str] = []
    with speaking("zh-TW"):
        thread = Thread(target=lambda: heard.append(spoken()))
        thread.start()
        thread.join()
    assert heard == ["en"]


def test_the_setting_names_the_language_of_people() -> None:
    assert language_of_people({}) == "en"
    assert language_of_people({"SENTIMENT_LANGUAGE": "zh-TW"}) == "zh-TW"
    assert language_of_people({"SENTIMENT_LANGUAGE": "zh"}) == "en", "a mail is not kept back by a wrong setting"
    with pytest.raises(InputError, match="SENTIMENT_LANGUAGE must be"):
        read_settings({"SENTIMENT_LANGUAGE": "zh"})


def test_values_in_a_sentence_with_markup_are_escaped() -> None:
    assert tr_html('See <a href="{address}">it</a>.', address='"><b>') == 'See <a href="&#34;&gt;&lt;b&gt;">it</a>.'
