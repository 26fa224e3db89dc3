"""The page's sentences: what the figures mean, for readers who do not know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sentiment.text.units import counted, p_value, percent

ALPHA = 0.05
WELL_CALIBRATED = 0.03  # a mean distance between confidence and accuracy that nobody would act on
WORTH_TELLING = 1.02  # a rise of the validation loss by this factor is worth mentioning


def moment(made: str) -> str:
    """Returns an ISO time as `5 November 2026, 14:03 UTC`; anything else is returned unchanged."""
    try:
        time = datetime.fromisoformat(made)
    except ValueError:
        return made
    return f"{time.day} {time:%B %Y, %H:%M} {time.tzname() or ''}".strip()


def model_name(name: str) -> str:
    """Returns what to call a model: a name on the hub or a built-in one as it is; for a folder, its last part."""
    return name.rstrip("/").rpartition("/")[2] if name.count("/") > 1 or name.startswith((".", "/")) else name


def headline(report: Mapping[str, Any]) -> str:
    """Returns the page's first sentence: which model, trained on what and when, how often right, and the baseline."""
    model, analysis = report["model"], report.get("analysis")
    name, trained = model_name(model["name"]), report["kind"] == "training"
    if trained:
        doing = f"trained on {counted(model['data']['rows'], 'post')} on {moment(report['made'])}"
    else:
        doing = f"tested on {report['data']['file']} on {moment(report['made'])}"
    if not analysis:
        return f"{name}, {doing}, was not tested: there were no test posts."
    right = percent(analysis["metrics"]["accuracy"])
    told = f"{name}, {doing}, is right on {right} of {counted(analysis['rows'], 'test post')}"
    if not _available(report):
        return f"{told}."
    return f"{told}; a linear baseline is right on {percent(report['baseline']['metrics']['accuracy'])}."


def verdict(report: Mapping[str, Any]) -> tuple[str, str]:
    """Returns (better, worse, equal or unknown) and a sentence: how the model compares with the baseline."""
    if not report.get("analysis"):
        return "unknown", "It is not known how good the model is."
    if not _available(report):
        return "unknown", f"There is no baseline to compare it with: {report['baseline']['reason']}."
    pairs = report["baseline"]["paired"]
    ours, theirs = pairs["only_model"], pairs["only_baseline"]
    if pairs["p"] >= ALPHA:
        told = "No better and no worse than the baseline, as far as these posts can tell"
        if ours == theirs == 0:
            return "equal", f"{told}: the two are right on the same posts."
        return "equal", f"{told}: the difference may be chance ({p_value(pairs['p'])})."
    if ours > theirs:
        return "better", f"Better than the baseline, and not by chance ({p_value(pairs['p'])})."
    advice = "more posts, a pretrained model or other settings may help"
    return "worse", f"Worse than the baseline, and not by chance ({p_value(pairs['p'])}): {advice}."


def told_pairs(pairs: Mapping[str, Any]) -> str:
    """Returns a sentence about the posts that McNemar's test looks at."""
    ours, theirs = pairs["only_model"], pairs["only_baseline"]
    if ours + theirs == 0:
        return "On every post, both are right or both are wrong."
    return (
        f"Only one of the two is right on {counted(ours + theirs, 'post')}: the model on {ours:,}, the baseline on "
        f"{theirs:,}. If they were equally good, such an uneven split would occur with {p_value(pairs['p'])} "
        "(McNemar's exact test)."
    )


def told_calibration(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: whether the model's confidence can be trusted."""
    found = analysis["calibration"]
    sure, right, error = found["mean_confidence"], analysis["metrics"]["accuracy"], found["expected_calibration_error"]
    figures = f"on average it is {percent(sure)} sure and {percent(right)} right"
    if error < WELL_CALIBRATED:
        how = "The model is right about as often as it says"
    elif sure - right > error / 2:
        how = "The model is surer than it should be"
    elif right - sure > error / 2:
        how = "The model is right more often than it says"
    else:
        how = "The model is too sure of some answers and not sure enough of others"
    return f"{how}: {figures}. The expected calibration error is {percent(error)}."


def told_confidence(report: Mapping[str, Any]) -> str:
    """Returns what the temperature is, and what it did to the confidence in the test posts; "" if nothing is known."""
    scaling, analysis = report["result"].get("scaling"), report.get("analysis") or {}
    before = analysis.get("uncalibrated")
    told = [told_scaling(scaling)] if scaling else []
    if before:
        told += [] if scaling else [f"The logits are divided by a temperature of {before['temperature']:.2f}."]
        error, loss = analysis["calibration"]["expected_calibration_error"], analysis["metrics"]["loss"]
        told.append(
            f"On the {_asked(report)}, the expected calibration error is {percent(error)} with it and "
            f"{percent(before['expected_calibration_error'])} without; the negative log-likelihood is {loss:.3f} with "
            f"it and {before['loss']:.3f} without. It changes no label."
        )
    return " ".join(told)


def _asked(report: Mapping[str, Any]) -> str:
    """Returns what posts the figures are of: without a test file, those that the temperature was fitted on."""
    files = report.get("inputs", {}).get("files", {})
    return "held-out posts, on which it was fitted" if "test" in files and files["test"] is None else "test posts"


def told_scaling(scaling: Mapping[str, Any]) -> str:
    """Returns which temperature a training ended with, and what it was fitted on, in a sentence."""
    if scaling["why"]:
        return f"The temperature stayed {scaling['temperature']:.4g}: {scaling['why']}."
    return (
        f"The logits are divided by a temperature of {scaling['temperature']:.2f}, which was fitted on "
        f"{counted(scaling['rows'], 'held-out post')}."
    )


def told_curves(result: Mapping[str, Any]) -> str:
    """Returns what the validation loss says about the number of epochs; "" after a single epoch."""
    losses: Sequence[float] = result.get("val_loss") or []
    if not losses:
        return "No rows were held out, so there are no validation figures."
    if len(losses) == 1:
        return ""
    best = min(range(len(losses)), key=lambda epoch: losses[epoch])
    kept = result.get("kept_epoch") or len(losses)
    if kept < len(losses):
        return f"Training stopped after epoch {len(losses)}; the model has the weights of epoch {kept}, the best."
    if best == len(losses) - 1:
        return "The validation loss was lowest in the last epoch: more epochs may still help."
    if losses[-1] > losses[best] * WORTH_TELLING:
        return (
            f"The validation loss was lowest after epoch {best + 1} of {len(losses)} and rose after that: "
            "the model then only memorized its training posts."
        )
    return f"The validation loss levelled off after epoch {best + 1} of {len(losses)}."


def told_mistakes(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: how many mistakes there are, and which are listed."""
    total, shown = analysis["mistakes_total"], len(analysis["mistakes"])
    which = "All are listed" if total == shown else f"Listed are the {shown} that the model was surest of"
    return (
        f"{counted(total, 'mistake')} on {counted(analysis['rows'], 'post')}. {which}, the surest first: "
        "in each, the model has something to learn, or the label is wrong."
    )


def told_slices(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: which slices stand out."""
    found = [item for group in analysis["slices"] for item in group["slices"]]
    told = []
    for how in ("worse", "better"):
        parts = [f"{item['name']} ({percent(item['accuracy'])})" for item in found if item["notable"] == how]
        if parts:
            told.append(f"{how.capitalize()} than the whole: {', '.join(parts)}.")
    return " ".join(told) or "No slice differs notably from the whole."


def _available(report: Mapping[str, Any]) -> bool:
    return bool(report.get("baseline") and report["baseline"]["available"])
