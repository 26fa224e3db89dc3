"""A home that version 0.1.0 made is opened by today's code: every file is read, every verb goes on in it.

`version_0_1_0.tar.gz` holds two runs of a toy model (version 1 stable, version 2 canary, both with every result), an
experiment of which one training is missing, a test, and three probes. `@HOME@` stands for the home's own path.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Union

import msgspec
import pytest
from support.toy_servers import running_servers

from sentiment.cli import run
from sentiment.models_page.experiment_page import experiment_of, experiment_page
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.version_page import version_page
from sentiment.results.files import FILES
from sentiment.results.record import as_json
from sentiment.serving.history import read_events, read_state
from sentiment.settings import Settings

ARCHIVE = Path(__file__).with_name("version_0_1_0.tar.gz")
LOOSE = {"floor": 0.1, "margin": 0.9, "recall-drop": 1.0}  # the thresholds with which it was made: it is a toy
Verb = Callable[..., dict[str, Any]]


def unpack(home: Path) -> None:
    """Unpacks the archive as the home `home`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(home, filter="data")
    for path in (path for path in home.rglob("*") if path.suffix in (".json", ".config", ".md")):
        text = path.read_text(encoding="utf-8")
        if "@HOME@" in text:
            path.unlink()  # it may be a hard link to a file that is as it was
            path.write_text(text.replace("@HOME@", str(home)), encoding="utf-8")
    config = home / "serving" / "models" / "models.config"
    mark, _, body = config.read_text(encoding="utf-8").partition("\n")
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    config.write_text(f"{mark.rpartition(' ')[0]} {digest}\n{body}", encoding="utf-8")
    with sqlite3.connect(home / "datasets" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE fingerprints SET source = replace(source, '@HOME@', ?)", (str(home),))
    ledger.close()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home, for tests that write nothing into it."""
    home = tmp_path_factory.mktemp("home")
    unpack(home)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home, for a test that goes on in it."""
    unpack(tmp_path)
    return tmp_path


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], toy_encoder: None) -> Verb:
    """Runs `sentiment ARGUMENTS` in a home, which must go well; returns its result."""

    def run_verb(where: Path, *arguments: object, **settings: object) -> dict[str, Any]:
        for name, value in {"home": where, "settle_seconds": 0, **settings}.items():
            monkeypatch.setenv(f"SENTIMENT_{name.upper()}", str(value))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        result: dict[str, Any] = json.loads(printed.out.splitlines()[-1])
        return result

    return run_verb


@pytest.fixture
def served(home: Path) -> Iterator[tuple[Path, str]]:
    """The home with a server of its versions, and the server's address."""
    with running_servers() as start:
        config = SimpleNamespace(config=home / "serving" / "models" / "models.config")
        yield home, start(config, allow_labels_for_unavailable=True).server.rest_url


def test_its_state_is_the_one_that_it_left(unpacked: Path) -> None:
    state = read_state(Settings(home=unpacked))
    assert (state.stable, state.canary, state.previous) == (1, 2, None)
    assert [version.run for version in state.versions.values()] == ["first", "second"]
    assert len(read_events(Settings(home=unpacked).history)) == 7


def test_status_lists_its_versions_and_misses_only_the_file_that_was_not_yet(unpacked: Path, verb: Verb) -> None:
    status = verb(unpacked, "status", serving_urls="http://127.0.0.1:9")
    assert [(row["version"], row["role"], row["run"]) for row in status["versions"]] == [
        (2, "canary", "second"),
        (1, "stable", "first"),
    ]
    assert (status["damaged"], status["orphans"], status["edit"]) == ({}, [], None)
    assert status["to_mend"] == ["boot.config, with which servers start, is not what the history says"]
    assert status["probe"]["healthy"] is True and status["versions"][0]["rows"] > 0


@pytest.mark.parametrize(("model", "mode", "ancestors"), [("stable", "full", []), ("second", "warm", [1])])
def test_lineage_knows_what_its_models_were_trained_on(
    unpacked: Path, verb: Verb, model: str, mode: str, ancestors: list[int]
) -> None:
    found = verb(unpacked, "lineage", model)
    assert (found["mode"], [item["version"] for item in found["ancestors"]]) == (mode, ancestors)
    assert found["goes_back_to"] == "full training" and found["tests"]["frozen"]["rows"] == 60
    assert sum(found["new_rows"] + found["old_rows"]) == found["rows"]


def test_the_models_page_shows_all_of_it_without_a_notice(unpacked: Path) -> None:
    settings, notices = Settings(home=unpacked), Notices()
    ledger = read_ledger(settings.history)
    first = overview(ledger, settings, {}, notices)
    assert [card.label for card in first.cards] == ["stable", "canary"] and first.history.found == 7
    assert all(card.recalls and card.probe and card.figures for card in first.cards)
    assert [entry.run for entry in first.experiments] == ["sweep"]
    for number in (1, 2):
        page = version_page(ledger, number, settings, notices)
        assert page.gate and page.checks and page.validation and page.has_report and page.parts
        assert len(page.matrices) == 2 * number  # two sets; of the second version stable's, too
    run_folder = experiment_of(settings, "sweep")
    assert run_folder is not None
    sweep = experiment_page(run_folder, settings, notices)
    assert [bool(row.why) for row in sweep.rows] == [False, True] and sweep.has_plot
    assert notices.lines == []


@pytest.mark.parametrize("name", ["evaluate.json", "evaluation.json"])
def test_the_gate_decides_on_its_evaluations_as_it_did(unpacked: Path, tmp_path: Path, verb: Verb, name: str) -> None:
    old = unpacked / "runs" / "second"
    options = [f"--{threshold}={value}" for threshold, value in LOOSE.items()]
    found = verb(tmp_path, "gate", "--evaluation", old / name, *options)
    kept = json.loads((old / "gate.json").read_text(encoding="utf-8"))
    younger = {name: found.pop(name) for name in found.keys() - kept.keys()}
    assert younger["loosened"]["limits"] and younger["year"]["decisions"] == 0, "what that version did not tell"
    known = {check["name"] for check in kept["checks"]}
    found["checks"] = [check for check in found["checks"] if check["name"] in known]
    assert without_words(found) == without_words(kept)


def without_words(decision: dict[str, Any]) -> dict[str, Any]:
    """Returns a decision without its sentences: what is decided must stay, how it is said may become clearer."""
    checks = [{key: value for key, value in check.items() if key != "sentence"} for check in decision["checks"]]
    return {**decision, "sentence": "", "checks": checks}


@pytest.mark.parametrize("kept", ["evaluate.json", "evaluation.json"])
def test_a_run_with_either_of_the_two_evaluations_is_decided_on(home: Path, verb: Verb, kept: str) -> None:
    run_folder = (home / "runs" / "second").rename(home / "runs" / "not-published")
    for name in {"evaluate.json", "evaluation.json"} - {kept}:
        (run_folder / name).unlink()
    loose = {f"gate_{threshold.replace('-', '_')}": value for threshold, value in LOOSE.items()}
    assert verb(home, "gate", "--run", "not-published", **loose)["passed"]


def test_its_reports_are_drawn_again(home: Path, verb: Verb) -> None:
    for where, page in (("second", "model/report.html"), (home / "runs" / "second" / "test", "test/test_report.html")):
        before = (home / "runs" / "second" / page).read_text(encoding="utf-8")
        assert verb(home, "report", where)["pages"] == [str(home / "runs" / "second" / page)]
        assert len((home / "runs" / "second" / page).read_text(encoding="utf-8")) > len(before) // 2


def test_an_experiment_goes_on_where_it_stopped(home: Path, verb: Verb) -> None:
    found = verb(home, "experiment-table", "--run", "sweep")
    assert found["failed"] == 1 and found["best"]["model"] == "scratch/tiny"
    again = json.loads((home / "runs" / "sweep" / "results.json").read_text(encoding="utf-8"))
    assert [bool(training["result"]) for training in again["trainings"]] == [True, True, True, False]


@pytest.mark.slow
def test_a_model_can_be_tested_and_exported_again(home: Path, verb: Verb, tmp_path: Path) -> None:
    data = home / "datasets" / "old_sentiment" / "test.tsv"
    tested = verb(
        home, "test", "--model", home / "runs" / "first" / "model", "--data", data, "--output", home / "again"
    )
    assert tested["rows"] == 60
    exported = verb(
        home, "export", "--model", home / "runs" / "first" / "model", "--data", data, "--output", tmp_path / "export"
    )
    assert exported["parity"]["labels_equal"] is True


def test_a_new_run_goes_on_from_its_stable_model(home: Path, verb: Verb) -> None:
    rows = [f"這家新店真的好吃到第{number}次還想再來一次\t{number % 3}" for number in range(12)]
    (home / "datasets" / "inbox" / "night-2.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    assert verb(home, "ingest", "--run", "third")["accepted"] == 12
    prepared = verb(home, "prepare", "--run", "third")
    assert (prepared["mode"], prepared["warm_from"], prepared["nothing_new"]) == ("warm", 1, False)
    assert {1, 2} <= {item["number"] for item in prepared["used"]}, "what the canary has seen is new to stable"
    assert verb(home, "check", "--run", "third", check_unknown="0.02,off", check_near_test="0.02,off")["checks"]
    assert verb(home, "train", "--run", "third", "--num-epochs", 1)["rows"] == prepared["train_rows"]
    scored = verb(home, "evaluate", "--run", "third")
    assert scored["stable_version"] == 1 and scored["sets"]["frozen"]["rows"] == 60


def test_its_canary_is_probed_promoted_and_rolled_back(served: tuple[Path, str], verb: Verb) -> None:
    home, url = served
    options = {"serving_urls": url, "canary_bake_minutes": 0, "load_timeout": 30, "canary_slowdown": 1000}
    watched = verb(home, "watch", **options, canary_accuracy_drop=1.0)
    assert (watched["canary"], watched["healthy"]) == (2, True)
    assert watched["probe"]["good_minutes"] > 0, "the probes of the old home count"
    assert verb(home, "promote", "--who", "bob", "--reason", "it is good", **options)["stable"] == 2
    assert verb(home, "rollback", "--who", "bob", "--reason", "a drill", **options)["stable"] == 1
    events = read_events(Settings(home=home).history)
    assert [str(json.loads(line)["event"]) for line in _lines(home)[-2:]] == ["promoted", "rolled_back"]
    assert len(events) == 9


def test_its_run_can_be_published_again_as_it_was_validated(served: tuple[Path, str], verb: Verb) -> None:
    home, url = served
    assert verb(home, "publish", "--run", "second", serving_urls=url)["already"] is True
    shutil.rmtree(home / "serving" / "models" / "sentiment" / "2")
    assert verb(home, "publish", "--run", "second", serving_urls=url)["version"] == 3


def test_it_is_backed_up_as_it_is_and_comes_back_where_there_is_nothing(
    home: Path, verb: Verb, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("backups")
    status = verb(home, "status", serving_urls="")
    with sqlite3.connect(home / "datasets" / "ledger.sqlite") as ledger:
        before = ledger.execute("PRAGMA user_version").fetchone(), ledger.execute("SELECT * FROM posts").fetchall()
    ledger.close()
    made = verb(home, "backup", place, "--with-models")
    shutil.rmtree(home / "datasets" / "old_sentiment")
    shutil.rmtree(home / "serving")
    shutil.rmtree(home / "runs")
    (home / "datasets" / "ledger.sqlite").write_bytes(b"")
    verb(home, "restore", made["folder"])
    with sqlite3.connect(home / "datasets" / "ledger.sqlite") as ledger:
        assert before == (
            ledger.execute("PRAGMA user_version").fetchone(),
            ledger.execute("SELECT * FROM posts").fetchall(),
        )
    ledger.close()
    again = verb(home, "status", serving_urls="")
    assert [without_ages(row) for row in again["versions"]] == [without_ages(row) for row in status["versions"]]
    assert (again["damaged"], again["orphans"], again["to_mend"]) == ({}, [], [])
    assert verb(home, "ingest", "--run", "third")["watermark"] == 1
    assert verb(home, "withdraw", "--reason", "a drill", serving_urls="")["stable"] == 1


def without_ages(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "age_seconds"}


def _lines(home: Path) -> list[str]:
    return (home / "serving" / "history.jsonl").read_text(encoding="utf-8").splitlines()


def test_every_file_of_it_is_read_by_its_type_and_would_be_written_the_same(unpacked: Path) -> None:
    """To the order of the fields: other programs read these files, too. Fields that are younger than it are added."""
    seen = set()
    for file in FILES:
        pattern = re.sub(r"<[^>]*>", "*", file.name.replace("<output>", "**"))
        for path in unpacked.glob(pattern):
            lines = path.read_text(encoding="utf-8")
            for line in lines.splitlines() if path.suffix == ".jsonl" else [lines]:
                found = json.loads(line)
                value = msgspec.convert(found, Union[file.types])  # noqa: UP007 - of a tuple
                written = _without_younger_fields(as_json(value), found)
                assert _numbers_alike(json.dumps(written)) == _numbers_alike(line), path
            seen.add(file.name)
    younger = {f"serving/{name}.jsonl" for name in ("decisions", "estimates", "refreshments")}
    failed = {"runs/bench/lr/failed/<row>.json"}  # no training of it failed with a reason
    assert {file.name for file in FILES} - seen == younger | failed


def _without_younger_fields(written: Any, found: Any) -> Any:
    """Returns what would be written without the fields that what was found does not have, in the order of writing."""
    if isinstance(written, dict) and isinstance(found, dict):
        return {name: _without_younger_fields(value, found[name]) for name, value in written.items() if name in found}
    if isinstance(written, list) and isinstance(found, list) and len(written) == len(found):
        return [_without_younger_fields(*pair) for pair in zip(written, found, strict=True)]
    return written


def _numbers_alike(text: str) -> str:
    """Returns JSON whose 1 and 1.0 are the same; the order of the fields stays."""
    return json.dumps(json.loads(text, parse_int=float))
