"""Homes for tests of the Models page: a history and what its runs left, as small as they can be."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from sentiment.results.decision import Gate
from sentiment.results.decisions import Decision
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.estimate import Night
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import AnyEvent, event_of
from sentiment.results.experiment import ExperimentPlan, Results
from sentiment.results.probe import Probe
from sentiment.results.record import StepResult, as_json
from sentiment.results.validation import Validation
from support.results import whole_json

LABELS = ["正面", "負面", "中立"]
LINKS = "https://evil.example www.evil.example a@evil.example"
EVIL = f"<script>alert(1)</script><img src=x onerror=alert(2)>{LINKS}\"'&{{{{7*7}}}}\u202eevil"
Event = dict[str, Any]


def event(name: str, version: int, minute: int = 0, /, **more: Any) -> Event:
    at = f"2026-11-22T18:{minute % 60:02}:00+00:00"
    return {"event": name, "version": version, "at": at, "who": "ann", **more}


def published(version: int, **more: Any) -> Event:
    found = {
        "run": f"night-{version}",
        "digest": f"{version:064}",
        "size": 6_400_000 + version,
        "data": {"rows": 900 + version, "per_label": [300, 300, 300 + version]},
        "metrics": {"frozen": 0.80 + version % 20 / 200, "rolling": 0.78 + version % 16 / 150},
    }
    return event("published", version, version, **{**found, **more})


def steps(version: int, stable: int | None, **why: Any) -> list[Event]:
    """The six events of a version that was made, approved and outlived."""
    return [
        published(version),
        event("staged", version),
        event("canary", version, **{"from": None, "to": version}, why="nightly"),
        event("promoted", version, **{"from": stable, "to": version}, **(why or {"why": "better on ptt"})),
    ]


def three_versions() -> list[Event]:
    """Version 1 retired, version 2 stable, version 3 canary."""
    canary = event("canary", 3, 30, **{"from": None, "to": 3}, why="nightly", who="airflow")
    return [*steps(1, None), *steps(2, 1), published(3), event("staged", 3), canary]


def with_records(event: Event, kept: dict[str, str], version: int = 2) -> Event:
    """Returns `event`; the publication of `version` with the digests of what was kept of its run."""
    return event | {"records": kept} if (event["event"], event["version"]) == ("published", version) else event


def long_history(versions: int = 1000) -> list[Event]:
    """Six events a version: published, loaded, canary, promoted, and one that failed to load in between."""
    events: list[Event] = []
    for number in range(1, versions + 1):
        before = number - 1 or None
        made, *labelled = steps(number, before)
        events += [made, event("staged", number), event("unstaged", number, error="no memory"), *labelled]
    return events


def typed(events: list[Event]) -> list[AnyEvent]:
    """Returns events as the program reads them."""
    return list(map(event_of, events))


def write_history(home: Path, events: list[Event], rest: str = "") -> Path:
    path = home / "serving" / "history.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(line, ensure_ascii=False) + "\n" for line in events)
    path.write_text("".join(lines) + rest, encoding="utf-8")
    return path


def scores(right: int = 40) -> dict[str, Any]:
    confusion = [[right, 50 - right, 0], [5, 43, 2], [1, 2, 47]]
    return {"accuracy": 0.867, "correct": right + 90, "confusion": confusion, "support": [50, 50, 50]}


KINDS: dict[str, type[StepResult]] = {
    **{"gate": Gate, "evaluation": Evaluation, "prepare": Prepare, "check": Check, "validate": Validation},
    "experiment-plan": ExperimentPlan,
}


def flip(text: str) -> dict[str, Any]:
    return {"text": text, "title": "", "true": 0, "stable": 0, "candidate": 1, "confidence": 0.97, "set": "frozen"}


def results(text: str = "好吃到哭", why: str = "all is well") -> dict[str, dict[str, Any]]:
    """What the steps of a run leave; what the page does not show is 0, "" or empty."""
    return {step: whole_json(KINDS[step], found) for step, found in shown(text, why).items()}


def shown(text: str, why: str) -> dict[str, dict[str, Any]]:
    """The part of it that the page shows."""
    told: dict[str, Any] = {
        "rows": 150,
        "candidate_accuracy": 0.867,
        "stable_accuracy": 0.85,
        "difference": 0.017,
        "decides": True,
    }
    told |= {"lower_bound": -0.01, "mcnemar_p": 0.4, "support": [50, 50, 50]}
    told |= {"candidate_recall": [0.8, 0.86, 0.94], "stable_recall": [0.9, 0.86, 0.94]}
    per_source = [{"name": text, "members": 1, "new": [10, 10, 10], "added": [20, 20, 20]}]
    per_night = [{"name": "base", "members": 1, "new": [0, 0, 0], "added": [20, 20, 20]}]
    per_night += [{"name": "2026-11-22", "members": 2, "new": [10, 10, 10], "added": [0, 0, 0]}]
    answers = {"both_right": 40, "only_candidate": 2, "only_stable": 1, "both_wrong": 7}
    latency = [{"signature": "text", "batch": 1, "length": 32, "p95_ms": 14.4}]
    latency += [{"signature": "text", "batch": 64, "length": 32, "p95_ms": 144.0}]
    prepare = {"new": {"rows": 30, "per_label": [10, 10, 10]}, "mix": {"added": [20, 20, 20]}, "train_rows": 90}
    return {
        "gate": {
            "passed": True,
            "sentence": f"As good as version 1: {why}",
            "checks": [{"name": "floor", "passed": True, "decides": True, "sentence": "Above the floor."}],
            "sets": {"frozen": told},
            "labels": list(LABELS),
            "stable_version": 1,
            "regressions": [flip(text), *(flip(f"第{number}句") for number in range(12))],
            "improvements": [flip(text)],
            "overridden": {"who": "bob", "reason": why},
            "by_source": [{"name": text, "new": 30}, {"name": "", "frozen": answers}],
        },
        "evaluation": {"labels": list(LABELS), "sets": {"frozen": {"candidate": scores(), "stable": scores(45)}}},
        "prepare": {
            **prepare,
            "deliveries": [4],
            "warm_from": 1,
            "composition": {"per_source": per_source, "per_night": per_night},
        },
        "check": {
            "checks": [{"level": "warning", "sentence": f"Repeats: {text}"}, {"level": "ok", "sentence": "Fine"}],
            "classes": [
                {"name": "正面", "new": 0.5, "stable": 0.25},
                {"name": "負面", "new": 0.25, "stable": 0.5},
                {"name": "中立", "new": 0.25, "stable": 0.25},
            ],
            "characters": [{"name": text[:1], "new": 0.04, "stable": 0.01}],
        },
        "validate": {
            "passed": True,
            "checks": [{"passed": True, "sentence": "the server loads it"}],
            "latency": latency,
            "peak_memory_bytes": 780_177_408,
            "load_seconds": 5.672,
            "server": "embedded",
            "at": "2026-11-22T18:03:00+00:00",
        },
    }


def write_run(home: Path, run: str, found: dict[str, dict[str, Any]], report: str = "<p>curves</p>") -> None:
    folder = home / "runs" / run
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "report.html").write_text(report, encoding="utf-8")
    for step, result in found.items():
        (folder / f"{step}.json").write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


def write_decision(home: Path, run: str, stable: int) -> None:
    """Leaves what the gate decided about `run` beside `stable`, on 450 rows of the rolling set."""
    counted = {"sha256": "x", "rows": 450, "candidate_right": 367, "only_candidate": 30, "only_stable": 20}
    at = "2026-11-26T18:30:00+00:00"
    found = whole_json(Decision, at=at, run=run, stable_version=stable, sets={"rolling": counted})
    (home / "serving" / "decisions.jsonl").write_text(json.dumps(found) + "\n", encoding="utf-8")


def probe(stable: int | None, canary: int) -> dict[str, Any]:
    side = {"accuracy": 0.83, "p95_ms": 12.2, "errors": 0}
    servers = {
        "http://one:8501": {"asked": 300, **({"stable": side} if stable else {}), "canary": {**side, "accuracy": 0.85}},
        "http://two:8501": {"unreachable": "no route"},
    }
    at = "2026-11-22T19:00:00+00:00"
    found = whole_json(Probe, at=at, stable=stable, canary=canary, outcome="good", servers=servers)
    return dict(found)


def write_probes(home: Path, *probes: dict[str, Any]) -> None:
    (home / "serving" / "probes.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in probes), encoding="utf-8"
    )


def write_nights(home: Path, *nights: Night) -> None:
    (home / "serving" / "estimates.jsonl").write_text(
        "".join(json.dumps(as_json(night)) + "\n" for night in nights), encoding="utf-8"
    )


def png(width: int = 3, height: int = 2) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def group(model: str, rate: float | None, accuracy: float | None, *why: str) -> dict[str, Any]:
    """One row of an experiment: two seeds, of which each `why` is one that failed."""
    figures = ["train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc"]
    figures += ["train_times", "predict_times", "parameters", "rows/s"]
    found = dict.fromkeys(figures, accuracy)
    trained = 0 if accuracy is None else 2 - len(why)
    return {
        **{"model": model, "learning_rate": rate, "trained": trained, "why": list(why)},
        **{"mean": found, "deviation": dict.fromkeys(figures)},
    }


def experiment(text: str = "albert", why: str = "no memory") -> dict[str, Any]:
    """What an experiment leaves in results.json: two models at two rates, of which the second failed."""
    rows = [group("tiny", 1e-3, 0.7), group("tiny", 2e-3, 0.75), group(text, 1e-3, None, why)]
    rows += [group(text, 2e-3, None, why)]
    trainings = [{"model": row["model"], "seed": seed, "why": ""} for row in rows for seed in (1, 2)]
    setup = {"model_type": "custom", "num_epochs": 2, "batch_size": 32, "max_seq_length": 64, "validation_share": 0.1}
    data = {"folder": "/home/datasets/old_sentiment", "train_rows": 1500, "test_rows": 60}
    common = {"failed": 4, "trainings": trainings, "setup": setup, "data": data, "at": "2026-11-22T18:30:00+00:00"}
    return dict(whole_json(Results, {**common, "rows": rows, "best": rows[1]}))


def listed(run: str, **more: Any) -> dict[str, Any]:
    best = {"model": "tiny", "lr": "2e-3", "test_acc": "0.7500"}
    return {"run": run, "at": "2026-11-22T18:30:00+00:00", "trainings": 8, "failed": 4, "best": best, **more}


def write_list(home: Path, *entries: Any) -> None:
    path = home / "runs" / "bench" / "experiments.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"experiments": entries}), encoding="utf-8")


def write_experiment(home: Path, run: str, found: dict[str, Any]) -> Path:
    folder = home / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(found), encoding="utf-8")
    (folder / "plot.png").write_bytes(png())
    return folder


def whole_home(home: Path, text: str = "好吃到哭", why: str = "all is well") -> None:
    """Three versions and an experiment with all that the page can show, strangers' words being `text` or `why`."""
    events = three_versions()
    events[-1] |= {"why": why, "who": why}
    write_history(home, events)
    for version in (1, 2, 3):
        write_run(home, f"night-{version}", results(text, why))
    write_probes(home, probe(2, 3))
    write_experiment(home, "exp-1", experiment(text, why))
    write_list(home, listed("exp-1", best={"model": text, "lr": why, "test_acc": why}))
