"""`sentiment check` on a run that `prepare` made, from files on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.english_left import english_left

from sentiment import cli
from sentiment.checks.check import sample
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.results.deliveries import Check
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import CHECKOUT, Settings, read_settings

SAMPLE = CHECKOUT / "datasets" / "old_sentiment"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    shutil.copytree(SAMPLE, tmp_path / "datasets" / "old_sentiment")
    (tmp_path / "datasets" / "inbox").mkdir()
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    return read_settings()


def checked(settings: Settings, *deliveries: Path) -> dict[str, dict[str, object]]:
    """Delivers the files, prepares a run, checks it; returns the checks by name."""
    for path in deliveries:
        shutil.copy(path, settings.datasets / "inbox" / path.name)
    assert cli.run(["ingest"]) == 0
    assert cli.run(["prepare", "--run", "night"]) == 0
    assert cli.run(["check", "--run", "night"]) == 0
    result = as_json(RunFolder.named(settings, "night").read(Check))
    return {check["name"]: check for check in result["checks"]}


OK = (
    "quarantined",
    "repeats",
    "conflicts",
    "disagreements",
    "long",
    "control",
    "near_test",
    "copies",
    "suspects",
    "words",
)


def test_a_good_night_passes_every_check(settings: Settings) -> None:
    found = checked(settings, SAMPLE / "arrivals" / "night-1.tsv")
    assert {name: check["level"] for name, check in found.items()} == {
        **dict.fromkeys(OK, "ok"),
        **dict.fromkeys(("classes", "vocabulary", "unknown"), "not measured"),  # there is no stable model
        **dict.fromkeys(("shares", "noise", "contradicted", "worse"), "not measured"),  # nor a past
    }


def test_a_poisoned_night_is_seen_in_its_labels(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    found = checked(settings, SAMPLE / "arrivals" / "night-2-poisoned.tsv")
    assert found["suspects"]["level"] == "warning" and float(str(found["suspects"]["value"])) > 0.5
    assert found["words"]["level"] == "warning" and "請問" in str(found["words"]["examples"])
    printed = capfd.readouterr()
    assert "! New posts whose label looks wrong" in printed.err
    result = json.loads(printed.out.splitlines()[-1])
    assert result["passed"] and len(json.loads(Path(result["suspects_file"]).read_text(encoding="utf-8"))) > 100


def test_a_person_reads_the_checks_in_their_language_and_a_program_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checked(settings, SAMPLE / "arrivals" / "night-2-poisoned.tsv")
    english = capfd.readouterr()
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    assert cli.run(["check", "--run", "night"]) == 0
    chinese = capfd.readouterr()
    assert chinese.out.splitlines()[-1] == english.out.splitlines()[-1]
    progress = chinese.err.splitlines()[0]  # for engineers
    assert english_left(chinese.err.removeprefix(progress), "Label Studio") == []


def sample_posts(name: str) -> list[Post]:
    return read_posts(SAMPLE / name, Settings().label_set)


def test_a_night_whose_labels_are_all_wrong_ends_before_training(settings: Settings, tmp_path: Path) -> None:
    """Wrong beside what is known: 150 posts with the next label each, 1,125 with the right one."""
    night = sample_posts("arrivals/night-1.tsv")
    write_posts(settings.base_data / "train.tsv", [*sample_posts("train.tsv"), *sample_posts("test.tsv")])
    write_posts(settings.base_data / "test.tsv", night[:300])
    write_posts(settings.base_data / "latest_test.tsv", night[300:])
    turned = [post._replace(label=(post.label + 1) % 3) for post in sample_posts("latest_test.tsv")]
    write_posts(tmp_path / "turned.tsv", turned)
    found = checked(settings, tmp_path / "turned.tsv")
    assert found["suspects"]["level"] == "failed" and float(str(found["suspects"]["value"])) > 0.85
    assert not RunFolder.named(settings, "night").read(Check).passed


@pytest.mark.parametrize(("broken", "level"), [(0.30, "warning"), (0.36, "failed")])
def test_a_third_that_cannot_be_read_ends_the_night(
    settings: Settings, tmp_path: Path, broken: float, level: str
) -> None:
    rows = [f"{post.text}\t{post.label}" for post in sample_posts("arrivals/night-1.tsv")[:200]]
    bad = ["沒有標籤的一行"] * round(200 * broken / (1 - broken))
    (tmp_path / "night.tsv").write_text("\n".join(["text\tlabel", *rows, *bad]) + "\n", encoding="utf-8")
    assert checked(settings, tmp_path / "night.tsv")["quarantined"]["level"] == level


def test_the_rows_that_go_to_the_test_set_are_measured_too(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_ROLLING_SHARE", "0.9")
    flood = [Post(f"這家店的牛肉麵真的非常好吃而且又便宜大家快來{number}", 0) for number in range(300)]
    write_posts(tmp_path / "night.tsv", [*sample_posts("arrivals/night-2-poisoned.tsv"), *flood])
    found = checked(settings, tmp_path / "night.tsv")
    assert found["suspects"]["level"] == "warning", "nearly all of them are test rows"
    assert found["copies"]["level"] == "warning" and float(str(found["copies"]["value"])) > 0.25


def test_damage_is_measured(settings: Settings, tmp_path: Path) -> None:
    frozen = read_posts(settings.base_data / "test.tsv", settings.label_set)
    copies = [f"{post.text}呢\t{post.label}" for post in frozen if len(post.text) > 25][:40]
    others = [f"第{number}篇\u202e文章說的是今天的天氣還不錯\t2" for number in range(20)]
    long = ["很長" * 1500 + f"{number}\t0" for number in range(20)]
    path = tmp_path / "nasty.tsv"
    broken = ["沒有標籤的一行"] * 20
    path.write_text("\n".join(["text\tlabel", *copies, *others, *long, *broken]) + "\n", encoding="utf-8")
    found = checked(settings, path)
    levels = {name: found[name]["level"] for name in ("near_test", "control", "long", "quarantined")}
    assert levels == dict.fromkeys(levels, "warning") | {"near_test": "failed"}
    result = as_json(RunFolder.named(settings, "night").read(Check))
    assert not result["passed"] and "nearly a test text" in result["sentence"]


def test_a_limit_that_is_none_and_a_run_that_is_not_prepared_are_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", "--run", "nowhere"]) == 2
    assert "step 'prepare' of run nowhere must have finished" in capfd.readouterr().err
    shutil.copy(SAMPLE / "arrivals" / "night-1.tsv", settings.datasets / "inbox")
    assert cli.run(["ingest"]) == 0 and cli.run(["prepare", "--run", "night"]) == 0
    monkeypatch.setenv("SENTIMENT_CHECK_LONG", "a lot")
    capfd.readouterr()
    assert cli.run(["check", "--run", "night"]) == 2
    assert capfd.readouterr().err.strip().count("\n") == 0


def test_of_many_rows_a_random_part_is_measured_in_their_order() -> None:
    posts = [Post(str(number), 0) for number in range(1000)]
    some = sample(posts, 100)
    numbers = [int(post.text) for post in some]
    assert len(some) == 100 and numbers == sorted(numbers) and max(numbers) > 800 and min(numbers) < 200
    assert sample(posts, 1000) == posts and sample([], 5) == []


def test_a_retracted_delivery_is_told_and_measured_no_more(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    checked(settings, SAMPLE / "arrivals" / "night-1.tsv", SAMPLE / "arrivals" / "night-2-poisoned.tsv")
    said = RunFolder.named(settings, "night").read(Check)
    assert (said.deliveries, said.suspects > 100) == ([1, 2], True)
    assert cli.run(["retract", "2", "--reason", "labels at random", "--who", "ops"]) == 0
    capfd.readouterr()
    assert cli.run(["check", "--run", "night"]) == 0
    assert "This run was prepared before, with its rows: start the night anew." in capfd.readouterr().err
    found = checked(settings)
    assert found["suspects"]["level"] == found["words"]["level"] == "ok"
    result = RunFolder.named(settings, "night").read(Check)
    assert result.deliveries == [1]
    assert len(result.warnings) == 1 and result.warnings[0].startswith(
        "Delivery 2 (night-2-poisoned.tsv) was retracted"
    )
    assert result.warnings[0].endswith(": labels at random. Nothing of it is in this run.")
