"""Lineage: every model names its deliveries, its old rows, its ancestors and the test sets that judged it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left
from support.results import in_json

from sentiment.cli import run as run_command
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.mix import Mixing
from sentiment.data.prepare import Limits
from sentiment.data.selection import Restriction
from sentiment.lineage import lineage as lineage_module
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.serving.change import changing
from sentiment.serving.publish import Candidate, publish
from sentiment.settings import Settings
from sentiment.training.training_files import files_of_run

ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)


Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]


def trained(settings: Settings, name: str, version: int | None, limits: Limits | None = None) -> Any:
    """Prepares a run and lets the model that it would train carry its card; makes it stable as `version`."""
    run = RunFolder.named(settings, name)
    result = prepare(run, settings, "auto", Mixing(mix_number=5, minimum_content_length=0), limits)
    (run.result("prepare")).write_text(json.dumps(result), encoding="utf-8")
    if version is not None:
        run.model.mkdir()
        run.export.joinpath("variables").mkdir(parents=True)
        (run.export / "saved_model.pb").write_text(name)
        card = {"data": as_json(files_of_run(run).data)}
        (run.model / "model.json").write_text(json.dumps(card), encoding="utf-8")
        with changing(settings, who="a test") as change:
            assert publish(change, Candidate(run.export, run.model, run.name, {})) == (version, False)
            for event in ("staged", "canary", "promoted"):
                change.record(event, version)
    return result


@pytest.fixture
def shop(settings: Settings, deliver: Deliver, sides: Sides) -> Settings:
    """Three nights: version 1 from the first, 2 from the second, 3 from one source of the third."""
    for number in (1, 2, 3):
        texts = sides(False, 6, word=f"第{number}夜的文章")
        rows = "".join(f"{text}\t{index % 3}\t{('論壇', '新聞')[index % 2]}\n" for index, text in enumerate(texts))
        deliver(f"2026-11-0{number}.tsv", f"text\tlabel\tsource\n{rows}")
        ingest(settings.source_folder, settings)
        limits = Limits(new=Restriction(sources=("論壇",))) if number == 3 else None
        trained(settings, f"night-{number}", number, limits)
    return settings


def asked(capsys: pytest.CaptureFixture[str], model: str) -> tuple[dict[str, Any], str]:
    capsys.readouterr()
    assert run_command([model], lineage_module.command, "lineage") == 0
    told = capsys.readouterr()
    found: dict[str, Any] = json.loads(told.out)
    return found, told.err


def test_a_version_names_its_deliveries_and_its_ancestors(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    found, told = asked(capsys, "2")
    assert (found["version"], found["run"], found["mode"], found["partial"]) == (2, "night-2", "warm", False)
    assert (found["new_rows"], found["old_rows"], found["per_label"]) == ([2, 2, 2], [5, 5, 5], None)
    assert found["rows"] == 21
    newest = found["deliveries"][-1]
    assert (newest["number"], newest["key"], newest["new"], newest["old"]) == (2, "2026-11-02.tsv", [2, 2, 2], [0] * 3)
    delivered = Path(shop.source_folder) / "2026-11-02.tsv"
    assert newest["hash"] == hashlib.sha256(delivered.read_bytes()).hexdigest()
    assert found["deliveries"][0]["key"] == "base data"
    assert sum(sum(item["new"] + item["old"]) for item in found["deliveries"]) == found["rows"]
    assert [(item["version"], item["mode"], item["deliveries"]) for item in found["ancestors"]] == [(1, "full", [1])]
    assert found["goes_back_to"] == "full training"
    assert "2026-11-02.tsv" in told and "started from version 1 (full, 96 rows, deliveries 1)" in told


def test_a_file_s_name_steers_no_terminal(
    settings: Settings, deliver: Deliver, sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{text}\t{index % 3}\n" for index, text in enumerate(sides(False, 6)))
    deliver("\x1b[31mred\u202e.tsv", f"text\tlabel\n{rows}")
    ingest(settings.source_folder, settings)
    trained(settings, "night-1", 1)
    _, told = asked(capsys, "1")
    assert "\\x1b[31mred\\u202e.tsv" in told
    assert "\x1b" not in told


def test_people_are_told_in_their_language_and_programs_the_same(
    shop: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = asked(capsys, "3")
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    found_in_chinese, told = asked(capsys, "3")
    assert (found_in_chinese, english_left(told)) == (found, [])
    assert "只限部分日期或來源；交付 2 以前的全部都已看過" in told


def test_the_test_sets_that_judged_it_are_named(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    found, told = asked(capsys, "1")
    run = RunFolder.named(shop, "night-1")
    for name, path in (("frozen", run.frozen), ("rolling", run.rolling)):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert found["tests"][name]["sha256"] == digest
        assert f"judged by the {name} set: {found['tests'][name]['rows']} rows, sha256 {digest[:12]}" in told


def test_labels_and_runs_name_a_model_too(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    by_label, by_run, by_number = (asked(capsys, name)[0] for name in ("stable", "night-3", "3"))
    assert by_label == by_run == by_number
    assert asked(capsys, "previous")[0]["version"] == 2
    shutil.rmtree(RunFolder.named(shop, "night-3").path)
    assert asked(capsys, "night-3")[0] == by_number


def test_a_limited_model_says_what_it_has_not_seen(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    found, told = asked(capsys, "stable")
    assert (found["partial"], found["watermark"], found["new_rows"]) == (True, 2, [1, 1, 1])
    assert found["seen"] == [{"first": 3, "last": 3, "sources": ["論壇"]}]
    assert "it has seen everything up to delivery 2" in told
    result = trained(shop, "night-4", None)
    assert (result["new"]["rows"], result["deliveries"]) == (3, [3])


def test_a_run_that_is_not_trained_yet_has_a_lineage(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    trained(shop, "night-4", None)
    found, told = asked(capsys, "night-4")
    assert (found["version"], found["new_rows"]) == (None, [1, 1, 1])
    assert [item["version"] for item in found["ancestors"]] == [3, 2, 1]
    assert told.startswith("not published, run night-4: 18 rows")


def test_an_older_model_says_what_it_knows(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with changing(settings, who="a test") as change:
        change.record("published", 1, run="", data={"watermark": 4, "rows": 30})
    found, told = asked(capsys, "1")
    assert (found["deliveries"], found["goes_back_to"], found["tests"]) == (None, "unknown", None)
    assert "it had seen deliveries up to 4" in told
    assert not settings.posts_database.exists()


@pytest.mark.parametrize("model", ["stable", "7", "no-such-run", "canary"])
def test_what_is_no_model_is_refused_in_one_line(
    settings: Settings, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    assert run_command([model], lineage_module.command, "lineage") == 2
    assert "Name one that `sentiment status`" in capsys.readouterr().err
    assert not settings.posts_database.exists()


def test_what_a_version_was_trained_on_is_kept_with_it(shop: Settings) -> None:
    run = RunFolder.named(shop, "night-2")
    assert (shop.trained / "2" / "identities.bin").read_bytes() == run.identities.read_bytes()
