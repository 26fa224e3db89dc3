"""What the Models page says only at times, in Chinese: no word of English is left in it, but for names."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest
from support import models_page_homes as homes
from support.estimates import fallen
from support.results import whole_json
from support.shown_words import english_words

from sentiment.client.answer import ClientError
from sentiment.errors import InputError
from sentiment.language import recorded, speaking
from sentiment.models_page import cards, parts, plot, trying
from sentiment.models_page.estimates import standing
from sentiment.models_page.experiment_page import experiment_of, experiment_page
from sentiment.models_page.experiments import listed
from sentiment.models_page.frozen_set import frozen_set
from sentiment.models_page.history import Filters, who_of, why_of
from sentiment.models_page.last_probe import last_probe
from sentiment.models_page.ledger import Ledger, parse, read_ledger, trusted_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.refusals import refusal
from sentiment.models_page.refused import refused_runs
from sentiment.models_page.run_files import RunFiles
from sentiment.models_page.wording import labelled
from sentiment.probe.watch import WHO
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import NAMES
from sentiment.results.probe import Probe
from sentiment.results.record import decoded
from sentiment.results.validation import Validation
from sentiment.serving.change import changing
from sentiment.settings import Settings


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with speaking("zh-TW"):
        yield


def left(lines: list[str], *allowed: str) -> list[str]:
    return english_words("".join(f"<p>{line}</p>" for line in lines), *allowed)


RECORDED, SAID = "gate.json is missing.", "缺少檔案：gate.json。"
CARD = cards.Card("stable", 2, "2026-11-23 02:00", "ann", "better", "night-2", [], [], [])


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (CARD, "自 2026-11-23 02:00 起，由 ann 設定：「better」"),
        (replace(CARD, who=""), "自 2026-11-23 02:00 起：「better」"),
        (replace(CARD, why=""), "自 2026-11-23 02:00 起，由 ann 設定"),
        (replace(CARD, who="", why=""), "自 2026-11-23 02:00 起"),
    ],
)
def test_since_when_a_version_has_its_label(card: cards.Card, told: str) -> None:
    assert card.told == told


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("ann", "ann"),
        ("nobody", "無人"),
        ("the nightly run", "每晚的執行"),
        ("the nightly run, started again by somebody", "每晚的執行（後來有人重新啟動）"),
        ("ann, started again by somebody", "ann（後來有人重新啟動）"),
    ],
)
def test_who_did_something(who: str, told: str) -> None:
    (event,) = homes.typed([homes.event("canary", 1) | {"who": who}])
    assert who_of(event) == told
    assert Filters(who=told).allows(event) and Filters(who=who).allows(event) and not Filters(who="bob").allows(event)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (homes.event("withdrawn", 3, why=RECORDED), RECORDED),  # a person may write what they like
        (homes.event("promoted", 3, why="version 2 was bad"), "version 2 was bad"),
        (homes.event("withdrawn", 3, why=RECORDED) | {"who": WHO}, SAID),
        (homes.event("unstaged", 3, why=RECORDED), SAID),
        (homes.event("unstaged", 3, error=f"{RECORDED} · {RECORDED}"), f"{SAID} · {SAID}"),
    ],
)
def test_a_reason_is_said_when_the_system_gave_it(event: homes.Event, told: str) -> None:
    assert why_of(*homes.typed([event])) == told


@pytest.mark.parametrize("server", ["embedded", "http://serving:8501"])
@pytest.mark.parametrize("at", ["", "2026-11-22T18:03:00+00:00"])
def test_how_times_were_measured(server: str, at: str) -> None:
    found = whole_json(Validation, homes.shown("", "")["validate"] | {"server": server, "at": at})
    lines = [told for line in cards.serving_figures(decoded(found, Validation, "it", "")) for told in line]
    assert left(lines) == [] and ("TensorFlow Serving" in lines[-1]) == (server != "embedded")


def test_what_a_version_was_trained_on_and_confuses() -> None:
    found = homes.results("", "")
    found["prepare"]["composition"]["per_source"].append({"name": None, "members": 7, "new": [1] * 3, "added": [1] * 3})
    found["prepare"]["composition"]["per_night"].append({"name": "", "members": 1, "new": [1] * 3, "added": [1] * 3})
    shown = parts.parts(decoded(whole_json(Prepare, found["prepare"]), Prepare, "it", ""))
    assert [[bar.name for bar in part.bars] for part in shown] == [
        ["無來源", "其他 7 個"],
        ["基礎資料", "2026-11-22", "不明"],
    ]
    assert [part.title for part in shown] == ["依來源", "依交付日期"]
    found["evaluation"]["sets"]["rolling"] = found["evaluation"]["sets"]["frozen"]
    matrices = parts.matrices(decoded(found["evaluation"], Evaluation, "it", ""), homes.LABELS)
    sets, models = ("固定測試集", "滾動測試集"), ("這一版", "當時的正式版")
    assert [(one.set, one.model) for one in matrices] == [(name, model) for name in sets for model in models]


@pytest.mark.parametrize(("outcome", "told"), [("good", "合格"), ("bad", "不合格"), ("unreachable", "連不上")])
def test_the_outcome_of_a_probe(outcome: str, told: str) -> None:
    probe = decoded(homes.probe(2, 3) | {"outcome": outcome}, Probe, "it", "")
    assert last_probe("canary", 3, [probe])[0] == ("最近一次探測", f"2026-11-23 03:00：{told}")


def test_labels_and_roles() -> None:
    known = ("stable", "canary", "previous", "reference", "somebody's")
    assert [*map(labelled, known)] == ["正式版", "試行版", "前一版", "參考模型", "somebody's"]


@pytest.mark.parametrize("versions", [1, 2, 61])
def test_which_rows_the_points_are_of(versions: int) -> None:
    events = [event for number in range(1, versions + 1) for event in homes.steps(number, number - 1 or None)]
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    state = parse(lines).state
    found = plot.accuracy_plot(state, 860, 280)
    assert found and left([found.note, *(line.name for line in found.chart.lines)]) == []


@pytest.mark.parametrize("correct", [350, 430])
def test_how_stable_stands_beside_what_it_was(correct: int) -> None:
    assert left([standing(2, fallen(correct))]) == []


BROKEN = [
    '{"event": "eaten", "version": 1}',
    "[]",
    '{"event": "staged", "version": "x"}',
    '{"event": "staged"}',
    '{"event": "promoted", "version": 9}',
    *['{"event": "staged", "version": 7}'] * 8,
]


def test_a_broken_history() -> None:
    with speaking("en"):  # as `read_ledger` does: what it read is kept for every reader
        notices = parse("\n".join(BROKEN) + "\n").notices
    rules = ("the version must have been published", "Look at the versions with `sentiment status`.")
    events = ", ".join(NAMES)
    told = [recorded(line) for line in notices]
    assert left(told, *rules, events, "eaten", "found", "version", "staged") == [] and len(told) == 12


def test_a_history_that_is_not_whole(settings: Settings) -> None:
    with changing(replace(settings, serving_urls=""), "ops") as change:
        for event in ("published", "staged", "canary", "promoted"):
            change.record(event, 1)
    settings.history.write_bytes(b"")
    (told,) = map(recorded, trusted_ledger(settings).notices)
    assert told.startswith("服務歷程不完整，因此全部不顯示：")
    assert told.endswith("。請維運人員以 `sentiment status --restore-history` 還原。")


def test_a_history_that_cannot_be_read(settings: Settings) -> None:
    settings.history.mkdir(parents=True)
    assert recorded(read_ledger(settings.history).notices[0]) == "無法讀取服務歷程：Is a directory。"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("", "第 1 版發布時沒有對應的執行，因此沒有結果可看。"),
        ("../x", "第 1 版的執行名稱不合規定：'../x'。"),
        ("night-1", "第 1 版的資料夾 runs/night-1 不見了。"),
    ],
)
def test_a_run_that_is_not_there(settings: Settings, run: str, told: str) -> None:
    homes.write_history(settings.home, [homes.published(1, run=run), *homes.steps(1, None)[1:]])
    notices = Notices()
    overview(read_ledger(settings.history), settings, {}, notices)
    assert notices.lines == [told]


def test_a_record_that_was_changed(settings: Settings) -> None:
    kept = {"gate.json": "0" * 64}
    homes.write_history(settings.home, [homes.with_records(one, kept) for one in homes.steps(2, None)])
    folder = settings.records / "2"
    folder.mkdir(parents=True)
    (folder / "gate.json").write_text(json.dumps(homes.results()["gate"]))
    notices = Notices()
    RunFiles(settings, read_ledger(settings.history).state.versions[2], notices).read(Gate)
    (told,) = notices.lines
    assert told.startswith("檔案內容已和該版發布時不同（第 2 版（執行 night-2）的 gate.json）：")


def test_a_damaged_record_of_the_frozen_set(settings: Settings) -> None:
    settings.serving.mkdir(parents=True)
    (settings.serving / "refreshments.jsonl").write_text("x\n")
    notices = Notices()
    frozen_set(Ledger(), settings, notices)
    assert notices.lines[0].startswith("無法得知固定測試集的耗損程度：")


def test_experiments_that_are_planned_or_elsewhere(settings: Settings) -> None:
    folder = homes.write_experiment(settings.home, "exp-1", homes.experiment())
    (folder / "plot.png").unlink()
    run = experiment_of(settings, "exp-1")
    assert run
    notices = Notices()
    experiment_page(run, settings, notices)
    (folder / "results.json").unlink()
    (folder / "experiment-plan.json").write_text("{")
    page = experiment_page(run, settings, notices)
    outside = settings.home / "list.json"
    outside.write_text("{}")
    (settings.runs / "bench").mkdir()
    (settings.runs / "bench" / "experiments.json").symlink_to(outside)
    listed(settings, notices)
    json_says = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert left([page.sentence, *notices.lines], json_says, "runs") == []
    assert notices.lines[0] == "exp-1 的圖不見了或已損壞。"
    assert notices.lines[-1] == "無法讀取（實驗清單）：必須是 runs/ 裡最大 16 MB 的檔案。"


@pytest.mark.parametrize(("step", "told"), [("check", "檢查"), ("gate", "把關"), ("validate", "驗證")])
def test_which_step_refused(settings: Settings, step: str, told: str) -> None:
    homes.write_run(settings.home, "night-9", {step: homes.results()[step] | {"passed": False, "sentence": "？"}})
    (one,) = refused_runs(settings, Ledger().state, Notices())
    assert one.by == told


@pytest.mark.parametrize(
    "error",
    [
        "label stable gave no answer: http://a:1: no answer in time; http://b:1: cannot be reached: ？",
        "label canary gave no answer: http://a:1: no answer in time; no time is left",
        "label stable gave no answer: http://a:1: no HTTP answer: ？",
        "SENTIMENT_SERVING_URLS names no http address",
    ],
)
def test_servers_that_give_no_answer(settings: Settings, error: str) -> None:
    future: Future[object] = Future()
    future.set_exception(ClientError(error))
    state = Ledger().state._replace(stables=(2,))
    side = trying._side("stable", state, future, time.monotonic() + 1, [])  # type: ignore[arg-type]
    assert left([side.error], "http") == []
    late = trying._side("stable", state, Future(), time.monotonic(), [])
    assert late.error == "沒有伺服器在時限內回應。"


@pytest.mark.parametrize("shape", ["[]", "7", '{"sets": 5}', '{"passed": "x", "sentence": 1}', "{}"])
def test_a_result_of_another_shape(settings: Settings, shape: str) -> None:
    homes.write_run(settings.home, "night-9", {})
    (settings.runs / "night-9" / "gate.json").write_text(shape)
    notices = Notices()
    refused_runs(settings, Ledger().state, notices)
    assert (
        len(notices.lines) == 1
        and left(notices.lines, "passed", "sentence", "checks", "sets", "x", "true", "false") == []
    )


def test_a_refusal_of_a_setting() -> None:
    must_hold = "a SENTIMENT_ variable must be the name of a setting"
    error = InputError(must_hold, found="SENTIMENT_X", do="Unset it now.")
    assert refusal(error) == "SENTIMENT_ 開頭的變數必須是設定的名稱；實際為：SENTIMENT_X。Unset it now."
    with speaking("en"):
        assert refusal(error) == str(error)
