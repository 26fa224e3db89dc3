"""The judge of a soak: what it must call a fault, and what it must not."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

SOAK = Path(__file__).parent / "soak"
judging = runpy.run_path(str(SOAK / "judge.py"))
LABEL = {1: "正面", 2: "負面", 3: "中立"}


def change(begin: float, end: float, stable: int | None, canary: int | None, error: str = "") -> dict[str, Any]:
    toys = {str(version): version for version in (stable, canary) if version}
    served = {"stable": stable, "canary": canary, "toys": toys}
    return {"verb": "some", "begin": begin, "end": end, "error": error, **served}


# Version 1 is stable from second 10; 2 is the canary from 20, stable from 30; 3 is the canary from 40 to 50.
HISTORY = [
    *(change(8, 9, None, 1), change(9, 10, 1, None), change(18, 20, 1, 2), change(29, 30, 2, None)),
    *(change(39, 40, 2, 3), change(49, 50, 2, None)),
]


def answer(at: float, label: str, version: int | None, *, error: str = "", says: str = "") -> list[Any]:
    answered = says or (LABEL[version] if version else None)
    return [at, at + 0.1, label, "grpc", 1, version, answered, error]


GONE = "INVALID_ARGUMENT: Unrecognized servable version label: canary"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (answer(15, "stable", 1), ""),
        (answer(15, "stable", 2), "version 2 answered where version 1 had to"),
        (answer(15, "stable", 1, says="負面"), "answered 負面 where version 1 had to"),
        (answer(15, "stable", None, says="正面"), ""),
        (answer(15, "stable", None, says="中立"), "answered 中立"),
        (answer(15, "stable", None, error="UNAVAILABLE: full"), "failed (UNAVAILABLE: full) where version 1 had to"),
        (answer(29.5, "stable", 1), ""),
        (answer(29.5, "stable", 2), ""),
        (answer(29.5, "stable", None, says="負面"), ""),
        (answer(29.5, "stable", 3), "version 3 answered where version 1 or version 2 had to"),
        (answer(28.95, "stable", 2), ""),
        (answer(28.8, "stable", 2), "version 2 answered where version 1 had to"),
        (answer(30.01, "stable", 1), "version 1 answered where version 2 had to"),
        (answer(25, "canary", 2), ""),
        (answer(25, "canary", None, error=GONE), "failed"),
        (answer(45, "canary", None, error="NOT_FOUND: Servable not found"), "failed"),
        (answer(53, "canary", 3), ""),
        (answer(53, "canary", None, error=GONE), ""),
        (answer(53, "canary", None, error="INTERNAL: oh"), "failed"),
        (answer(60, "canary", 3), "version 3 answered where nobody had to"),
        (answer(60, "canary", None, error=GONE), ""),
        (answer(60, "hostile", None, error="HTTP 500"), "HTTP 500"),
        (answer(60, "hostile", None), ""),
    ],
)
def test_an_answer_is_judged_by_what_was_served_then(line: list[Any], fault: str) -> None:
    found = judging["judge"]([line], HISTORY)
    assert found["faults"] == (1 if fault else 0), found["shown"]
    assert fault in "".join(found["shown"])


def test_what_came_before_there_was_a_stable_version_is_not_judged() -> None:
    found = judging["judge"]([answer(5, "stable", None, error="NOT_FOUND")], HISTORY)
    assert (found["faults"], found["answers"]) == (0, {})


def test_a_verb_that_failed_is_told() -> None:
    found = judging["judge"]([], [*HISTORY, change(60, 61, 2, None, error="no space")])
    assert found["verb_errors"] == ["some: no space"]


def samples(values: list[float]) -> list[dict[str, float]]:
    return [{"at": float(second), "memory": value} for second, value in enumerate(values)]


def test_growth_is_seen_and_a_peak_is_not_growth() -> None:
    growing = judging["growth"](samples([100.0 + second for second in range(300)]), "memory")
    assert growing["to"] - growing["from"] == pytest.approx(160, abs=1)
    assert growing["per_minute"] == pytest.approx(60.0)
    flat = [500.0] * 90 + [600.0] * 210
    flat[200] = 9000.0
    still = judging["growth"](samples(flat), "memory")
    assert (still["from"], still["to"], still["per_minute"], still["highest"]) == (600.0, 600.0, 0.0, 9000.0)


def test_percentiles_are_of_all_answers() -> None:
    lines = [[20.0, 20 + number / 1000, "stable"] for number in range(1, 101)]
    assert judging["latencies"](lines) == pytest.approx({"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0})
    assert judging["latencies"]([]) == {}


def test_the_questions_know_their_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    monkeypatch.setitem(sys.modules, "questions", None)
    questions = runpy.run_path(str(SOAK / "questions.py"))
    asked = questions["texts"](random.Random(3), 5)
    posts = asked.inputs["text"]
    right = [{"推": "正面", "噓": "負面"}.get(post[0], "中立") for post in posts]
    assert asked.read({"label": right}) == "中立"
    wrong = [right[-1], *right[:-1]]
    for found in (wrong, right[:-1], ["?"] * len(right)):
        if found != right:
            with pytest.raises(questions["Mixed"]):
                asked.read({"label": found})
