"""`sentiment lineage`: shows what a model was made from: deliveries, old rows, earlier models, and its test sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
from msgspec import UnsetType

from sentiment.data import ledger as posts_ledger
from sentiment.data.ledger import Delivered
from sentiment.errors import InputError
from sentiment.language import marked, tr
from sentiment.lineage.exposure import ancestors
from sentiment.results import record
from sentiment.results.deliveries import Prepare, UsedDelivery
from sentiment.results.model_card import Trained, TrainedOn
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state
from sentiment.serving.retractions import retracted_deliveries
from sentiment.serving.state import State
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people
from sentiment.text.columns import aligned
from sentiment.text.harmless import visible
from sentiment.text.taipei import night_of

BASE = marked("base data")
MODES = (marked("full"), marked("warm"))
KINDS = {"new": marked("new {label}"), "old": marked("old {label}")}  # a column's rows, by label
ANCESTORS_SHOWN = 10  # to people; the result has all of them


@dataclass(frozen=True)
class Model:
    """The model that somebody asked about: a version, a run, or both, and the `data` of its model.json."""

    version: int | None
    run: str
    data: TrainedOn


def find(settings: Settings, state: State, wanted: str) -> Model:
    """Returns the model that `wanted` names: `stable`, `canary`, `previous`, a version or a run."""
    labels = {"stable": state.stable, "canary": state.canary, "previous": state.previous}
    run = RunFolder.named(settings, wanted)
    of_run = [number for number, version in state.versions.items() if version.run == run.name]
    number = labels.get(wanted, int(wanted) if wanted.isdecimal() else of_run[-1] if of_run else None)
    if number is not None and number in state.versions:
        version = state.versions[number]
        return Model(number, version.run, version.data)
    data = _data_of(run)
    if data is None:
        raise InputError(
            "the model must be stable, canary, previous, a version or a run that was prepared",
            found=f"{wanted!r}; versions {_shown_numbers(sorted(state.versions)) or 'none'}",
            do="Name one that `sentiment status` or runs/ shows.",
        )
    return Model(None, run.name, data)


def _data_of(run: RunFolder) -> TrainedOn | None:
    """Returns what a run's model says about its data; for a run that is not trained yet, what was prepared."""
    card = run.model / "model.json"
    if card.is_file():
        return record.read(card, Trained, "Train the model again.").data
    return prepared_data(run.read(Prepare)) if run.result("prepare").is_file() else None


def prepared_data(prepared: Prepare) -> TrainedOn:
    """Returns what a model of that run would say of its data."""
    return TrainedOn(
        fingerprint=prepared.fingerprint,
        rows=prepared.train_rows,
        per_label=prepared.per_label,
        watermark=prepared.watermark,
        mode=prepared.mode,
        warm_from=prepared.warm_from,
        partial=prepared.partial,
        seen=prepared.seen,
        used=prepared.used,
        tests=prepared.tests,
    )


def lineage(model: Model, state: State, deliveries: Sequence[Delivered], labels: int) -> Result:
    """Returns where a model's rows came from.

    {"version", "run", "mode": "full"|"warm"|null, "rows", "per_label", "fingerprint", "watermark", "partial",
     "seen", "new_rows": [per label], "old_rows": [per label],
     "deliveries": [{"number", "key", "hash", "at", "new": [per label], "old": [per label]}],
     "ancestors": [{"version", "run", "mode", "rows", "fingerprint", "deliveries": [numbers of new rows]}],
     "goes_back_to": "full training"|"unknown", "tests": {"frozen": {"rows", "sha256"}, "rolling": …}|null}
    Delivery 0 is the data that the system started from. `deliveries` is null for a model from before they were kept;
    ancestors are the models that its training started from, the nearest first, and their rows are in it, too.
    """
    data = model.data
    data_of = {number: version.data for number, version in state.versions.items()}
    chain = [] if data.ancestor is None else [data.ancestor, *ancestors(data_of, data.ancestor)]
    last = data_of.get(chain[-1], TrainedOn()) if chain else data
    used = None if isinstance(data.used, UnsetType) else data.used
    said = as_json(data)
    return {
        "version": model.version,
        "run": model.run,
        **{name: said.get(name) for name in ("mode", "rows", "per_label", "fingerprint", "watermark")},
        "partial": bool(data.partial),
        "seen": said.get("seen") or [],
        "new_rows": _total(used, "new", labels),
        "old_rows": _total(used, "old", labels),
        "deliveries": None if used is None else _named(used, deliveries, labels),
        "ancestors": [_ancestor(number, state) for number in chain],
        "goes_back_to": "full training" if last.mode == "full" else "unknown",
        "tests": said.get("tests"),
    }


def _total(used: Sequence[UsedDelivery] | None, kind: Literal["new", "old"], labels: int) -> list[int] | None:
    if used is None:
        return None
    rows = [found for item in used if (found := item.rows(kind)) is not None]
    return [sum(counts[label] for counts in rows) for label in range(labels)]


def _named(used: Sequence[UsedDelivery], deliveries: Sequence[Delivered], labels: int) -> list[dict[str, Any]]:
    by_number = {delivery.number: delivery for delivery in deliveries}
    named = []
    for item in used:
        found = by_number.get(item.number)
        key = BASE if item.number == 0 else found.key if found else None
        origin = {"key": key, "hash": found.hash if found else None, "at": found.at if found else None}
        rows = {"new": item.new or [0] * labels, "old": item.old or [0] * labels}
        named.append({"number": item.number, **origin, **rows})
    return named


def _ancestor(number: int, state: State) -> dict[str, Any]:
    version = state.versions.get(number)
    data = version.data if version else TrainedOn()
    said = as_json(data)
    return {
        "version": number,
        "run": version.run if version else None,
        **{name: said.get(name) for name in ("mode", "rows", "fingerprint")},
        "deliveries": [item.number for item in data.used or () if item.rows("new") is not None],
    }


def told(found: Result, labels: Sequence[str]) -> list[str]:
    """Returns the lineage as lines for people."""
    name = tr("not published") if found["version"] is None else tr("version {version}", version=found["version"])
    lines = [
        tr(
            "{model}, run {run}: {rows}, sha256 {digest}",
            model=name,
            run=found["run"] or "–",
            rows=_rows(found["rows"]),
            digest=_short(found["fingerprint"]),
        )
    ]
    if found["mode"] == "full":
        lines.append(tr("trained from the beginning"))
    chain = found["ancestors"]
    lines += map(_started_from, chain[:ANCESTORS_SHOWN])
    if (more := len(chain) - ANCESTORS_SHOWN) > 0:
        lines.append(tr("… and {more} more, back to version {version}", more=more, version=chain[-1]["version"]))
    if found["deliveries"] is None:
        lines.append(
            tr(
                "the deliveries of its rows are unknown; it had seen deliveries up to {watermark}",
                watermark=found["watermark"] or 0,
            )
        )
    else:
        lines += _table(found["deliveries"], labels)
    if found["partial"]:
        lines.append(
            tr(
                "limited to some days or sources; it has seen everything up to delivery {watermark}",
                watermark=found["watermark"],
            )
        )
    return [*lines, *(_judged_by(test, file) for test, file in (found["tests"] or {}).items())]


def _started_from(item: Mapping[str, Any]) -> str:
    mode, version, rows = item["mode"], item["version"], _rows(item["rows"])
    how = tr(mode or "unknown")
    if not item["deliveries"]:
        return tr(
            "started from version {version} ({how}, {rows}, deliveries unknown)", version=version, how=how, rows=rows
        )
    return tr(
        "started from version {version} ({how}, {rows}, deliveries {deliveries})",
        version=version,
        how=how,
        rows=rows,
        deliveries=_shown_numbers(item["deliveries"]),
    )


def _judged_by(test: str, file: Mapping[str, Any]) -> str:
    rows, digest = _rows(file["rows"]), _short(file["sha256"])
    return tr("judged by the {set} set: {rows}, sha256 {digest}", set=tr(test), rows=rows, digest=digest)


def _table(deliveries: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[str]:
    """Returns one line per delivery, in aligned columns; new and old rows per label."""
    kinds = (tr(KINDS[kind], label=label) for kind in ("new", "old") for label in labels)
    head = [tr("delivery"), tr("night"), "sha256", *kinds, tr("file")]
    rows = [
        [
            str(item["number"]),
            night_of(item["at"]).isoformat() if item["at"] else "–",
            _short(item["hash"]),
            *(f"{count:,}" for kind in ("new", "old") for count in item[kind]),
            _file(item),
        ]
        for item in deliveries
    ]
    return aligned([head, *rows], to_the_right=head[:-1])


def _file(item: Mapping[str, Any]) -> str:
    key = item["key"]
    named = tr(BASE) if item["number"] == 0 else visible(key) if key else tr("not in the ledger")
    return tr("{file} (retracted)", file=named) if item.get("retracted") else named


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "–"


def _rows(number: int | None) -> str:
    return tr("an unknown number of rows") if number is None else tr("{rows:,} rows", rows=number)


def _shown_numbers(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers]
    return ", ".join(shown if len(shown) <= 12 else [*shown[:6], "…", *shown[-3:]])


def mark_retracted(found: Result, retracted: Collection[int]) -> None:
    """Says of each delivery of a lineage whether it is retracted now: the model has its rows all the same."""
    for item in found["deliveries"] or ():
        item["retracted"] = item["number"] in retracted


def _deliveries(path: Path) -> list[Delivered]:
    if not path.exists():  # a question must not create a ledger
        return []
    with posts_ledger.opened(path) as ledger:
        return ledger.deliveries()


@click.command("lineage")
@click.argument("model", metavar="VERSION|stable|canary|RUN")
@step
def command(model: str) -> Result:
    """Show what a model was trained on (deliveries, old rows, earlier versions) and the test sets that judged it."""
    settings = read_settings()
    state = read_state(settings)
    found = lineage(find(settings, state, model), state, _deliveries(settings.posts_database), len(settings.label_set))
    mark_retracted(found, {one.delivery for one in retracted_deliveries(settings.posts_database)})
    with to_people():
        for line in told(found, settings.label_set.names):
            say(line)
    return found
