"""Records of a run in which anything may stand: the rest of the page is shown, with a notice, and nothing is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import models_page_homes as homes
from support.hostile_records import HUGE, MARKUP, NASTY, filled, hostile, put

from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.model_card import ModelCard
from sentiment.results.validation import Validation

Look = Callable[[str], httpx.Response]
STEPS = {"gate": Gate, "evaluation": Evaluation, "prepare": Prepare, "check": Check, "validate": Validation}
PAGES = ("/versions/3", "/versions/3/card", "/", "/compare?a=2&b=3")


@pytest.fixture
def records(home: Path) -> dict[str, Any]:
    """A home whose version 3 has every record, with all that one may have."""
    homes.whole_home(home)
    found = {step: filled(kind) for step, kind in STEPS.items()}
    homes.write_run(home, "night-3", found)
    (home / "runs" / "night-3" / "model" / "model.json").write_text(json.dumps(filled(ModelCard)), encoding="utf-8")
    return found


def write(home: Path, step: str, found: Any) -> None:
    (home / "runs" / "night-3" / f"{step}.json").write_text(json.dumps(found), encoding="utf-8")


def require_harmless(answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text[-500:]
    assert "\u202e" not in answer.text and "\x1b" not in answer.text and "Traceback" not in answer.text
    assert MARKUP not in answer.text or answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("step", "way", "value"),
    [
        ("gate", ("verdict",), "\ud800"),
        ("gate", ("labels", 0), NASTY),
        ("gate", ("loosened", "limits", 0, "name"), "x" * 10_000_000),
        ("evaluation", ("labels", 0), NASTY),
        ("prepare", ("mode",), "\ud800"),
        ("check", ("checks", 0, "sentence"), NASTY),
        ("validate", ("peak_memory_bytes",), HUGE),
        ("validate", ("load_seconds",), float("nan")),
        ("validate", (), []),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_one_bad_value_leaves_the_rest_of_every_page(
    home: Path,
    look: Look,
    records: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    step: str,
    way: tuple[Any, ...],
    value: Any,
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
    write(home, step, put(records[step], way, value))
    for page in PAGES:
        require_harmless(look(page))
    assert "night-3" in look("/versions/3").text


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_every_value_of_a_record_may_be_hostile(home: Path, look: Look, records: dict[str, Any], step: str) -> None:
    told = 0
    for turn, (_, found) in enumerate(hostile(records[step])):
        if turn % 4 == len(step) % 4:  # of the values that may stand in a place, another one in the next place
            write(home, step, found)
            answer = look("/versions/3")
            require_harmless(answer)
            told += "cannot be read" in answer.text
    assert told, "what is of a wrong type is a notice"
