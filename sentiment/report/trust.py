"""What a model's confidence is worth, in sentences for readers who do not know the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.language import recorded, tr, tr_many
from sentiment.text.units import percent

WELL_CALIBRATED = 0.03  # a mean distance between confidence and accuracy that nobody would act on


def told_calibration(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: whether the model's confidence can be trusted."""
    found = analysis["calibration"]
    sure, right, error = found["mean_confidence"], analysis["metrics"]["accuracy"], found["expected_calibration_error"]
    figures = {"sure": percent(sure), "right": percent(right), "error": percent(error)}
    if error < WELL_CALIBRATED:
        return tr(
            "The model is right about as often as it says: on average it is {sure} sure and {right} right. "
            "The expected calibration error is {error}.",
            **figures,
        )
    if sure - right > error / 2:
        return tr(
            "The model is surer than it should be: on average it is {sure} sure and {right} right. "
            "The expected calibration error is {error}.",
            **figures,
        )
    if right - sure > error / 2:
        return tr(
            "The model is right more often than it says: on average it is {sure} sure and {right} right. "
            "The expected calibration error is {error}.",
            **figures,
        )
    return tr(
        "The model is too sure of some answers and not sure enough of others: on average it is {sure} sure and "
        "{right} right. The expected calibration error is {error}.",
        **figures,
    )


def told_confidence(report: Mapping[str, Any]) -> str:
    """Returns what the temperature is, and what it did to the confidence in the test posts; "" if nothing is known."""
    scaling, before = report["result"].get("scaling"), (report.get("analysis") or {}).get("uncalibrated")
    if not before:
        return told_scaling(scaling) if scaling else ""
    temperature = f"{before['temperature']:.2f}"
    divided = tr("The logits are divided by a temperature of {temperature}.", temperature=temperature)
    gained = _gained(report, report["analysis"], before)
    return tr("{first} {then}", first=told_scaling(scaling) if scaling else divided, then=gained)


def _gained(report: Mapping[str, Any], analysis: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    figures = {
        "error": percent(analysis["calibration"]["expected_calibration_error"]),
        "error_before": percent(before["expected_calibration_error"]),
        "loss": f"{analysis['metrics']['loss']:.3f}",
        "loss_before": f"{before['loss']:.3f}",
    }
    if _is_of_held_out(report):
        return tr(
            "On the held-out posts, on which it was fitted, the expected calibration error is {error} with it and "
            "{error_before} without; the negative log-likelihood is {loss} with it and {loss_before} without. "
            "It changes no label.",
            **figures,
        )
    return tr(
        "On the test posts, the expected calibration error is {error} with it and {error_before} without; "
        "the negative log-likelihood is {loss} with it and {loss_before} without. It changes no label.",
        **figures,
    )


def _is_of_held_out(report: Mapping[str, Any]) -> bool:
    """Tells whether the figures are those of the posts that the temperature was fitted on: there was no test file."""
    files = report.get("inputs", {}).get("files", {})
    return "test" in files and files["test"] is None


def told_scaling(scaling: Mapping[str, Any]) -> str:
    """Returns which temperature a training ended with, and what it was fitted on, in a sentence."""
    if scaling["why"]:
        stayed = f"{scaling['temperature']:.4g}"
        return tr("The temperature stayed {temperature}: {why}.", temperature=stayed, why=recorded(scaling["why"]))
    posts = tr_many("{number:,} held-out post", "{number:,} held-out posts", scaling["rows"])
    return tr(
        "The logits are divided by a temperature of {temperature}, which was fitted on {posts}.",
        temperature=f"{scaling['temperature']:.2f}",
        posts=posts,
    )
