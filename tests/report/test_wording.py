from __future__ import annotations

from typing import Any

import pytest

from sentiment.report import findings, trust, wording
from sentiment.report.moment import moment


def report(*, ours: int = 5, theirs: int = 5, p: float = 1.0, kind: str = "training", **changed: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "made": "2026-11-05T14:03:00+00:00",
        "model": {"name": "scratch/tiny", "data": {"rows": 675}},
        "data": {"file": "latest_test.tsv"},
        "analysis": {"rows": 450, "metrics": {"accuracy": 0.8556}},
        "baseline": {
            "available": True,
            "metrics": {"accuracy": 0.8511},
            "paired": {"only_model": ours, "only_baseline": theirs, "p": p},
        },
        **changed,
    }


def test_the_headline_says_what_when_and_how_good() -> None:
    assert wording.headline(report()) == (
        "scratch/tiny, trained on 675 posts on 5 November 2026, 14:03 UTC, is right on 85.6\xa0% of 450 test posts; "
        "a linear baseline is right on 85.1\xa0%."
    )
    assert "tested on latest_test.tsv on 5 November 2026" in wording.headline(report(kind="test"))
    assert "was not tested" in wording.headline(report(analysis=None))
    alone = report(baseline={"available": False, "reason": "no rows"})
    assert wording.headline(alone).endswith("450 test posts.")


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"ours": 20, "theirs": 4, "p": 0.0015}, "better", "Better than the baseline, and not by chance"),
        ({"ours": 4, "theirs": 20, "p": 0.0015}, "worse", "Worse than the baseline"),
        ({"ours": 6, "theirs": 4, "p": 0.75}, "equal", "may be chance"),
        ({"ours": 0, "theirs": 0, "p": 1.0}, "equal", "right on the same posts"),
        (
            {"baseline": {"available": False, "reason": "no rows"}},
            "unknown",
            "no baseline to compare it with: no rows.",
        ),
        ({"analysis": None}, "unknown", "It is not known"),
    ],
)
def test_the_verdict_is_in_plain_words(changed: dict[str, Any], kind: str, words: str) -> None:
    found, sentence = wording.verdict(report(**changed))
    assert found == kind
    assert words in sentence


def test_a_folder_is_called_by_its_last_part() -> None:
    names = ["scratch/tiny", "ckiplab/albert-tiny-chinese", "/a/b/bert", "./checkpoints/bert/", "a/b/bert", "bert"]
    told = ["scratch/tiny", "ckiplab/albert-tiny-chinese", "bert", "bert", "bert", "bert"]
    assert [wording.model_name(name) for name in names] == told


@pytest.mark.parametrize(
    ("sure", "right", "error", "words"),
    [
        (0.85, 0.86, 0.01, "right about as often as it says"),
        (0.95, 0.80, 0.15, "surer than it should be"),
        (0.70, 0.85, 0.15, "right more often than it says"),
        (0.85, 0.85, 0.10, "too sure of some answers"),
    ],
)
def test_calibration_in_words(sure: float, right: float, error: float, words: str) -> None:
    analysis = {
        "metrics": {"accuracy": right},
        "calibration": {"mean_confidence": sure, "expected_calibration_error": error},
    }
    assert words in trust.told_calibration(analysis)


@pytest.mark.parametrize(
    ("losses", "kept", "words"),
    [
        ([], 3, "No rows were held out"),
        ([0.5], 1, ""),
        ([0.9, 0.5, 0.4], 3, "lowest in the last epoch"),
        ([0.9, 0.4, 0.6], 3, "lowest after epoch 2 of 3 and rose after that"),
        ([0.9, 0.4, 0.401], 3, "levelled off after epoch 2 of 3"),
        ([0.9, 0.4, 0.6], 2, "stopped after epoch 3; the model has the weights of epoch 2"),
    ],
)
def test_what_the_curves_say(losses: list[float], kept: int, words: str) -> None:
    assert words in findings.told_curves({"val_loss": losses, "kept_epoch": kept})


def test_the_pairs_and_the_slices_in_words() -> None:
    pairs = {"only_model": 0, "only_baseline": 0, "p": 1.0}
    assert "both are right or both are wrong" in wording.told_pairs(pairs)
    assert "right on 24 posts: the model on 20, the baseline on 4" in wording.told_pairs(
        {"only_model": 20, "only_baseline": 4, "p": 0.0015}
    )
    names = [("噓", "worse"), ("推", None), ("→", "worse"), ("ptt", "better")]
    found = [
        {"group": "marker", "slices": [{"name": name, "accuracy": 0.5, "notable": notable} for name, notable in names]}
    ]
    told = "Worse than the whole: 噓 (50.0\xa0%), → (50.0\xa0%). Better than the whole: ptt (50.0\xa0%)."
    assert findings.told_slices({"slices": found}) == told
    assert findings.told_slices({"slices": []}) == "No slice differs notably from the whole."


def test_what_is_no_time_stays_as_it_is() -> None:
    assert moment("yesterday") == "yesterday"


@pytest.mark.parametrize(("test", "where"), [("ab", "On the test posts,"), (None, "on which it was fitted,")])
def test_the_temperature_s_gain_is_told_with_the_posts_that_it_was_measured_on(test: str | None, where: str) -> None:
    analysis = {
        "calibration": {"expected_calibration_error": 0.02},
        "metrics": {"loss": 0.5},
        "uncalibrated": {"temperature": 2.0, "expected_calibration_error": 0.1, "loss": 0.7},
    }
    scaling = {"temperature": 2.0, "rows": 80, "wrong": 20, "why": ""}
    told = trust.told_confidence(
        {"inputs": {"files": {"test": test}}, "result": {"scaling": scaling}, "analysis": analysis}
    )
    assert where in told
    assert told.startswith("The logits are divided by a temperature of 2.00, which was fitted on 80 held-out posts.")
    assert trust.told_confidence({"result": {}}) == ""
    assert trust.told_confidence({"result": {}, "analysis": {**analysis, "uncalibrated": None}}) == ""
    assert "2.00" in trust.told_confidence({"result": {"seconds": 1}, "analysis": analysis})
