"""The small modules that everything stands on: labels, settings, atomic files, run folders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.results.decision import Gate
from sentiment.run_folder import RunFolder, safe_name
from sentiment.settings import Settings, read_settings


@pytest.mark.parametrize(
    ("value", "label"),
    [("0", 0), (" 1 ", 1), ("中立", 2), ("Negative", 1), ("3", None), ("", None), ("正", None), ("-1", None)],
)
def test_a_label_is_known_by_id_name_and_english_name(value: str, label: int | None) -> None:
    assert Labels().parse(value) == label


def test_a_label_set_needs_two_different_names() -> None:
    with pytest.raises(InputError, match="different names"):
        Labels(("好", "好"), ("good", "bad"))


@pytest.mark.parametrize(
    ("names", "english", "found"),
    [
        ("negative,neutral,positive", "positive,negative,neutral", "'negative', which means 0 and 1"),
        ("Good,bad", "bad,Good", "'bad', which means 1 and 0|'good', which means 0 and 1|'bad', which means 0 and 1"),
        ("1,0", "a,b", "'1', which means 0 and 1|'0', which means 1 and 0|'0', which means 0 and 1"),
        ("ＯＫ,ok", "a,b", "'ok', which means 0 and 1"),
    ],
)
def test_a_spelling_that_means_two_labels_ends_the_start(names: str, english: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        read_settings({"SENTIMENT_LABELS": names, "SENTIMENT_LABELS_ENGLISH": english})


def test_label_names_are_stripped_and_known_in_any_case_and_width() -> None:
    labels = read_settings({"SENTIMENT_LABELS": "正面, 負面 ,\t中立"}).label_set
    assert labels.names == ("正面", "負面", "中立")
    assert [labels.parse(value) for value in ("NEGATIVE", " 負面", "２", "Neutral ")] == [1, 1, 2, 2]
    with pytest.raises(InputError, match="at least two different names"):
        Labels(("正面", " "))


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    settings = read_settings({"SENTIMENT_HOME": str(tmp_path), "SENTIMENT_GATE_MARGIN": "0.03", "PATH": "/bin"})
    assert (settings.home, settings.gate_margin) == (tmp_path, 0.03)
    assert settings.history == tmp_path / "serving" / "history.jsonl"


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("SENTIMENT_GATE_MARGN", "0.01", "SENTIMENT_GATE_MARGN"),
        ("SENTIMENT_GATE_MARGIN", "much", "SENTIMENT_GATE_MARGIN must be a number between 0 and 1; found 'much'"),
        ("SENTIMENT_ROLLING_SHARE", "1.5", "between 0 and 0.9"),
        ("SENTIMENT_GATE_FLOOR", "nan", "between 0 and 1"),
        ("SENTIMENT_LABELS", "好", "at least two"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_settings({variable: text})


def test_several_servers_are_given_by_comma() -> None:
    settings = Settings(serving_urls="http://a:8501/, http://b:8501")
    assert settings.server_addresses == ("http://a:8501", "http://b:8501")


def test_a_failed_write_leaves_the_old_content_and_no_rubbish(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic.replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_run_id_becomes_one_path_segment_and_stays_unique() -> None:
    one, two = safe_name("manual__2026-11-01T00:00:00+00:00"), safe_name("manual__2026-11-01T00:00:00_00:00")
    assert one != two
    assert "/" not in safe_name("../../etc/passwd")
    assert safe_name("night-1") == "night-1"
    assert safe_name("") != safe_name(".") != safe_name("..")


ids = st.text(st.sampled_from("ab._-:+/ 夜"), max_size=12) | st.text(st.sampled_from("a:"), min_size=95, max_size=125)


@given(ids)
def test_the_name_of_a_name_is_itself(run_id: str) -> None:
    name = safe_name(run_id)
    assert safe_name(name) == name and re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,108}", name)


@given(ids, st.integers(0, 125), st.sampled_from("ab.:"))
def test_two_ids_share_a_name_only_when_one_is_that_name(one: str, place: int, more: str) -> None:
    for other in (one[:place] + more + one[place:], one[:place] + more + one[place + 1 :], safe_name(one)):
        assert one == other or safe_name(one) != safe_name(other) or safe_name(one) in (one, other)


def test_a_missing_step_result_says_what_to_run(tmp_path: Path) -> None:
    run = RunFolder.named(Settings(home=tmp_path), "night")
    with pytest.raises(InputError, match="sentiment gate --run night"):
        run.read(Gate)
