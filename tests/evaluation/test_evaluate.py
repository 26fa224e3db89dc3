from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.results import in_json

from sentiment import cli, progress
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.evaluation import comparing
from sentiment.evaluation import evaluate as evaluating

compare, evaluate, flips = (in_json(verb) for verb in (comparing.compare, evaluating.evaluate, comparing.flips))


def chances(*rows: tuple[float, float, float]) -> NDArray[Any]:
    return np.array(rows, np.float32)


POSTS = [Post("甲", 0), Post("乙", 1), Post("丙", 2), Post("丁", 0, title="題")]
CANDIDATE = chances((0.9, 0.1, 0.0), (0.2, 0.7, 0.1), (0.8, 0.1, 0.1), (0.3, 0.6, 0.1))
STABLE = chances((0.8, 0.1, 0.1), (0.6, 0.3, 0.1), (0.1, 0.1, 0.8), (0.9, 0.0, 0.1))


def test_rows_are_paired() -> None:
    compared = compare(POSTS, CANDIDATE, STABLE)
    assert compared["paired"] == {"both_right": 1, "only_candidate": 1, "only_stable": 2, "both_wrong": 0}
    assert sum(compared["paired"].values()) == compared["rows"] == 4
    assert (compared["candidate"]["correct"], compared["stable"]["correct"]) == (2, 3)


def test_every_answer_that_changes_is_counted_also_from_wrong_to_wrong() -> None:
    assert compare(POSTS, CANDIDATE, STABLE)["changed"] == 3
    wrong = chances((0.1, 0.8, 0.1), (0.6, 0.3, 0.1), (0.1, 0.1, 0.8), (0.9, 0.0, 0.1))
    other = chances((0.1, 0.1, 0.8), (0.6, 0.3, 0.1), (0.1, 0.1, 0.8), (0.9, 0.0, 0.1))
    compared = compare(POSTS, other, wrong)
    assert compared["changed"] == 1 and compared["regressions"] == compared["improvements"] == []
    assert "changed" not in compare(POSTS, CANDIDATE, None)


def test_the_surest_mistakes_come_first() -> None:
    compared = compare(POSTS, CANDIDATE, STABLE)
    assert [row["text"] for row in compared["regressions"]] == ["丙", "丁"]
    assert compared["regressions"][0] == {
        "text": "丙",
        "title": "",
        "true": 2,
        "stable": 2,
        "candidate": 0,
        "confidence": pytest.approx(0.8),
    }
    assert compared["regressions"][1]["title"] == "題"
    assert [row["text"] for row in compared["improvements"]] == ["乙"]


def test_the_reference_is_paired_with_the_candidate_too() -> None:
    compared = compare(POSTS, CANDIDATE, STABLE, reference=CANDIDATE)
    assert compared["to_reference"] == {"both_right": 2, "only_candidate": 0, "only_stable": 0, "both_wrong": 2}
    assert compared["reference"] == compared["candidate"]
    assert compared["paired"] == compare(POSTS, CANDIDATE, STABLE)["paired"]


def test_rows_are_known_by_their_digest() -> None:
    digest = compare(POSTS, CANDIDATE, STABLE)["sha256"]
    assert digest == compare(POSTS, STABLE, None)["sha256"] and len(digest) == 64
    turned = [POSTS[0]._replace(label=1), *POSTS[1:]]
    assert compare(turned, CANDIDATE, STABLE)["sha256"] != digest


def test_at_most_twenty_flips_are_shown() -> None:
    posts = [Post(str(row), 0) for row in range(50)]
    wrong, right = np.tile(chances((0.0, 1.0, 0.0)), (50, 1)), np.tile(chances((1.0, 0.0, 0.0)), (50, 1))
    assert [row["text"] for row in flips(posts, wrong, right, np.ones(50, bool))] == [str(row) for row in range(20)]


def test_without_stable_there_is_nothing_to_pair() -> None:
    compared = compare(POSTS, CANDIDATE, None)
    assert compared["candidate"]["accuracy"] == 0.5
    assert (compared["stable"], compared["paired"], compared["regressions"]) == (None, None, [])


def test_an_empty_rolling_set_has_no_figures(toy_model: Path, posts: list[Post]) -> None:
    result = evaluate(toy_model, evaluating.NONE, {"frozen": posts, "rolling": []})
    assert result["sets"]["rolling"] == {
        "rows": 0,
        "candidate": None,
        "stable": None,
        "paired": None,
        "regressions": [],
        "improvements": [],
        "sha256": "",
        "reference": None,
        "to_reference": None,
    }
    assert result["sets"]["frozen"]["candidate"]["accuracy"] >= 0.9


def test_a_model_is_as_good_as_itself(toy_model: Path, posts: list[Post], tmp_path: Path, capsys: Any) -> None:
    write_posts(tmp_path / "frozen.tsv", posts)
    (tmp_path / "rolling.tsv").write_text("text\tlabel\n", encoding="utf-8")
    output = tmp_path / "evaluation.json"
    arguments = ["--candidate", toy_model, "--stable", toy_model, "--output", output]
    arguments += ["--frozen", tmp_path / "frozen.tsv", "--rolling", tmp_path / "rolling.tsv"]
    assert cli.run(["evaluate", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result == json.loads(output.read_text(encoding="utf-8"))
    frozen = result["sets"]["frozen"]
    assert frozen["candidate"] == frozen["stable"]
    same = f"{frozen['candidate']['accuracy']:.4f}"
    told = f"Accuracy on the {frozen['rows']} rows of the frozen test set: candidate {same}, stable {same}.\n"
    assert told in printed.err
    assert frozen["paired"]["only_candidate"] == frozen["paired"]["only_stable"] == 0
    assert result["labels"] == ["正面", "負面", "中立"]


def test_progress_is_told_over_both_models_and_both_sets(
    toy_model: Path, posts: list[Post], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    evaluate(toy_model, evaluating.Model(toy_model, 1), {"frozen": posts, "rolling": posts})
    first, *lines = capsys.readouterr().err.splitlines()
    rows = len(posts)
    assert first == (f"evaluate: {rows} frozen and {rows} rolling rows, candidate {toy_model}, stable {toy_model}")
    both = "evaluate: candidate and stable"
    assert any(line.startswith(f"{both}, frozen: {2 * rows}/{4 * rows} rows, ") for line in lines)
    assert lines[-1].startswith(f"{both}, rolling: {4 * rows}/{4 * rows} rows, ")
    assert lines[-1].endswith(" left")


def test_a_run_is_compared_with_the_stable_version(
    toy_model: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    run = tmp_path / "runs" / "r1"
    for name in ("test.tsv", "latest_test.tsv"):
        write_posts(run / name, posts)
    write_posts(run / "batch.tsv", [Post("新", 0, "", "壇")])
    shutil.copytree(toy_model, run / "model")
    shutil.copytree(toy_model, tmp_path / "serving" / "trained" / "1")
    events = [{"event": name, "version": 1} for name in ("published", "staged", "canary", "promoted")]
    events[0]["size"] = 12_900_000
    history = tmp_path / "serving" / "history.jsonl"
    history.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    assert cli.run(["evaluate", "--run", "r1"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["stable_version"], result["stable"]) == (1, str(tmp_path / "serving" / "trained" / "1"))
    assert json.loads((run / "evaluation.json").read_text(encoding="utf-8")) == result
    assert not (run / "evaluate.json").exists(), "one file, not two"
    assert [(one["name"], one["new"]) for one in result["by_source"]] == [("壇", 1), ("", 0)]
    assert result["by_source"][1]["frozen"] == result["sets"]["frozen"]["paired"]
    assert (result["costs"]["candidate"]["export_bytes"], result["costs"]["stable"]["export_bytes"]) == (None, 12900000)


def test_models_of_other_labels_are_not_compared(toy_model: Path, posts: list[Post], tmp_path: Path) -> None:
    other = shutil.copytree(toy_model, tmp_path / "other")
    card = json.loads((other / "model.json").read_text(encoding="utf-8"))
    (other / "model.json").write_text(json.dumps({**card, "labels": ["a", "b", "c"]}), encoding="utf-8")
    with pytest.raises(InputError, match="must have the same labels"):
        evaluate(toy_model, evaluating.Model(other), {"frozen": posts})


def test_missing_options_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "--candidate", "x"]) == 2
    assert "give --run, or --candidate" in capsys.readouterr().err


def test_both_models_confidence_is_measured_on_the_same_rows() -> None:
    compared = compare(POSTS, CANDIDATE, STABLE)
    ours, theirs = compared["candidate_confidence"], compared["stable_confidence"]
    # As float32, 0.9 and 0.8 share a bin, and 0.7 and 0.6. The candidate is right at 0.9 and 0.7 alone, stable at 0.8,
    # 0.8 and 0.9, and not at 0.6.
    assert ours["expected_calibration_error"] == pytest.approx((2 * 0.35 + 2 * 0.15) / 4)
    assert theirs["expected_calibration_error"] == pytest.approx((0.4 + 0.1 + 0.6) / 4)
    assert "stable_confidence" not in compare(POSTS, CANDIDATE, None)


def test_both_models_are_timed_in_the_pass_that_is_made_anyway(
    toy_model: Path, posts: list[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.model.scoring import Scorer

    asked: list[tuple[int, int]] = []
    plain = Scorer.__init__

    def watched(scorer: Any, *arguments: Any, **options: Any) -> None:
        assert options == {"exact": True}, "as what will be served answers"
        plain(scorer, *arguments, **options)
        forward = scorer.forward

        def counted(inputs: Any) -> Any:
            asked.append((id(scorer), len(inputs["input_ids"])))
            return forward(inputs)

        scorer.forward = counted

    monkeypatch.setattr(Scorer, "__init__", watched)
    many = (posts * 300)[:320]
    result = evaluate(toy_model, evaluating.Model(toy_model, 1), {"frozen": many, "rolling": many[:10]})
    sides = [side for side, _ in asked]
    candidate, stable = sides[:2]
    pairs = [candidate, candidate, stable, stable]
    assert sides == [candidate, stable, *pairs, *pairs, candidate, stable] and candidate != stable, "in turn"
    assert sum(rows for _, rows in asked) == 2 * 330, "each row once"
    costs = result["costs"]
    parameters = json.loads((toy_model / "model.json").read_text(encoding="utf-8"))["parameters"]
    for side in ("candidate", "stable"):
        assert costs[side]["parameters"] == parameters
        assert (costs[side]["pace"]["batch"], costs[side]["pace"]["batches"]) == (64, 4)
    assert costs["machine"]["precision"] == "float32" and costs["machine"]["processor"]
    assert costs["at"].endswith("+00:00")


def test_the_answers_in_turn_are_those_of_each_model_alone(toy_model: Path, posts: list[Post]) -> None:
    from sentiment.evaluation.in_turn import score, score_in_turn

    many = (posts * 300)[:150]
    sets = {"frozen": many, "rolling": []}
    with progress.progress(450, "evaluate") as line:
        together = score_in_turn({"candidate": toy_model, "stable": toy_model}, sets, line)
        alone = score("reference", toy_model, sets, line)
    for scored in together.values():
        np.testing.assert_array_equal(scored.found["frozen"], alone.found["frozen"])
        assert scored.found["rolling"].shape == (0, 3)
    assert alone.cost.pace is None, "two batches are too few"


def test_without_stable_the_candidate_alone_has_costs(toy_model: Path, posts: list[Post]) -> None:
    costs = evaluate(toy_model, evaluating.NONE, {"frozen": posts[:5]})["costs"]
    assert costs["stable"] is None and costs["candidate"]["pace"] is None and costs["candidate"]["parameters"] > 0
