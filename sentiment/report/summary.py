"""The training and test reports, in the older tool's layout."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from sentiment.results.model_card import Teaching

INDENT = " " * 8


def layout(fields: dict[str, Any]) -> str:
    """Returns one `- name: value` line per field; a table (`report`) starts on the line of its name."""
    lines = (f"{INDENT}- {name + ':':<14} {value}" for name, value in fields.items())
    return "\n".join(lines) + "\n"


def training_report(
    curves: Any, epochs: int, table: str, confidence: str = "", teaching: Teaching | UnsetType = UNSET
) -> str:
    """Returns summary.txt: `epoch, params, loss, accuracy, val_loss, val_accuracy, report, confidence, total_time`.

    A student's says of whom it learned: `teacher`.
    """
    return layout(
        {
            "epoch": list(range(epochs)),
            "params": {"verbose": 0, "epochs": epochs, "steps": curves.steps},
            "loss": curves.loss,
            "accuracy": curves.accuracy,
            "val_loss": curves.val_loss,
            "val_accuracy": curves.val_accuracy,
            "report": "\n" + table,
            **_of(confidence),
            **({"teacher": _told(teaching)} if teaching else {}),
            "total_time": f"{curves.seconds:.3f}s",
        }
    )


def test_report(table: str, seconds: float, confidence: str = "") -> str:
    """Returns test_report.txt: `report, confidence, total_time`."""
    return layout({"report": "\n" + table, **_of(confidence), "total_time": f"{seconds:.3f}s"})


def _told(teaching: Teaching) -> str:
    version = f" (version {teaching.version})" if teaching.version else ""
    return (
        f"{teaching.teacher}{version}, by its answers to {teaching.posts:,} posts at temperature "
        f"{teaching.temperature:g}, beside {teaching.labelled:,} labelled rows of weight {teaching.labelled_weight:g}"
    )


def _of(confidence: str) -> dict[str, str]:
    """Returns the line of what the confidence is worth; the older tool's reports have none, nor an untested model's."""
    return {"confidence": confidence} if confidence else {}
