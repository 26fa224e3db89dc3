"""What a model was made of: its data, its size, its hyperparameters, the versions that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.language import marked, tr, tr_many

Pairs = list[tuple[str, Any]]
DIGITS_OF_A_FINGERPRINT = 16
HYPERPARAMETERS = {  # as people call them
    "learning_rate": marked("learning rate"),
    "num_epochs": marked("num epochs"),
    "batch_size": marked("batch size"),
    "max_seq_length": marked("max seq length"),
    "dropout_rate": marked("dropout rate"),
    "seed": marked("seed"),
    "validation_share": marked("validation share"),
    "early_stopping": marked("early stopping"),
    "class_weights": marked("class weights"),
    "warm_up_share": marked("warm up share"),
    "decay": marked("decay"),
    "clip_norm": marked("clip norm"),
    "masked_share": marked("masked share"),
    "precision": marked("arithmetic precision"),
}


def made_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the tables of the last section."""
    hyperparameters = report.get("hyperparameters") or {}
    return {
        **_data(report),
        "model_facts": _model(report["model"], report["result"]),
        "hyperparameters": [
            (_called(name), f"{value:g}" if isinstance(value, float) else value)
            for name, value in hyperparameters.items()
            if name not in ("model_type", "model_name")
        ],
        "versions": sorted(report["model"]["versions"].items()),
    }


def _called(name: str) -> str:
    """Returns what a hyperparameter is called; another version's may be one that this one does not know."""
    return tr(HYPERPARAMETERS[name]) if name in HYPERPARAMETERS else name.replace("_", " ")


def _model(model: Mapping[str, Any], result: Mapping[str, Any]) -> Pairs:
    return [
        (tr("type"), model["type"]),
        (tr("name"), model["name"]),
        (tr("parameters"), f"{model['parameters']:,}"),
        (tr("vocabulary"), _pieces(model["vocabulary"])),
        (tr("longest sequence"), _pieces(model["max_seq_length"])),
        *([(tr("devices"), ", ".join(result["devices"]))] if result.get("devices") else []),
        *([(tr("arithmetic"), result["precision"])] if result.get("precision") else []),
    ]


def _pieces(number: int) -> str:
    return tr_many("{number:,} piece", "{number:,} pieces", number)


def _data(report: Mapping[str, Any]) -> dict[str, Any]:
    labels, data, analysis = report["model"]["labels"], report["model"]["data"], report.get("analysis")
    columns: list[tuple[str, list[int]]] = []
    if data.get("per_label"):
        columns.append((tr("training posts"), data["per_label"]))
    if analysis:
        columns.append((tr("test posts"), analysis["metrics"]["support"]))
    rows = [(name, *(column[label] for _, column in columns)) for label, name in enumerate(labels)]
    return {
        "data_columns": [name for name, _ in columns],
        "data_rows": [*rows, (tr("all"), *(sum(column) for _, column in columns))] if columns else [],
        "data_facts": _origin(data, report.get("data")),
    }


def _origin(data: Mapping[str, Any], tested: Mapping[str, Any] | None) -> Pairs:
    """Returns where the rows came from."""
    facts: Pairs = [(tr("training set"), _short(data.get("fingerprint")))]
    if data.get("watermark") is not None:
        facts.append((tr("watermark"), _up_to(data["watermark"])))
    if data.get("run"):
        facts.append((tr("run"), data["run"]))
    if tested:
        facts += [(tr("tested on"), tested["file"]), (tr("test set"), _short(tested["fingerprint"]))]
    return facts


def _up_to(watermark: int) -> str:
    if not watermark:
        return tr("before any delivery")
    return tr("up to delivery {number}", number=f"{watermark:,}")


def _short(fingerprint: str | None) -> str:
    return f"sha256 {fingerprint[:DIGITS_OF_A_FINGERPRINT]}…" if fingerprint else tr("unknown")
