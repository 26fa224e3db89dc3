"""The page's first sentences: how good the model is, alone and beside the baseline, for readers of no figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.language import recorded, tr, tr_many
from sentiment.report.moment import moment
from sentiment.text.units import duration, p_value, percent

ALPHA = 0.05


def model_name(name: str) -> str:
    """Returns what to call a model: a name on the hub or a built-in one as it is; for a folder, its last part."""
    return name.rstrip("/").rpartition("/")[2] if name.count("/") > 1 or name.startswith((".", "/")) else name


def title(report: Mapping[str, Any]) -> str:
    """Returns the page's title."""
    name = model_name(report["model"]["name"])
    if report["kind"] == "training":
        return tr("{model}: training report", model=name)
    return tr("{model}: test report", model=name)


def posts_in_words(number: int) -> str:
    return tr_many("{number:,} post", "{number:,} posts", number)


def headline(report: Mapping[str, Any]) -> str:
    """Returns the page's first sentence: which model, trained on what and when, how often right, and the baseline."""
    model, analysis, when = report["model"], report.get("analysis"), moment(report["made"])
    name = model_name(model["name"])
    if report["kind"] == "training":
        posts = posts_in_words(model["data"]["rows"])
        made = tr("{model}, trained on {posts} on {when}", model=name, posts=posts, when=when)
    else:
        made = tr("{model}, tested on {file} on {when}", model=name, file=report["data"]["file"], when=when)
    if not analysis:
        return tr("{model}, was not tested: there were no test posts.", model=made)
    figures = {
        "model": made,
        "share": percent(analysis["metrics"]["accuracy"]),
        "posts": tr_many("{number:,} test post", "{number:,} test posts", analysis["rows"]),
    }
    if not _available(report):
        return tr("{model}, is right on {share} of {posts}.", **figures)
    return tr(
        "{model}, is right on {share} of {posts}; a linear baseline is right on {baseline}.",
        baseline=percent(report["baseline"]["metrics"]["accuracy"]),
        **figures,
    )


def verdict(report: Mapping[str, Any]) -> tuple[str, str]:
    """Returns (better, worse, equal or unknown) and a sentence: how the model compares with the baseline."""
    if not report.get("analysis"):
        return "unknown", tr("It is not known how good the model is.")
    if not _available(report):
        reason = recorded(report["baseline"]["reason"])
        return "unknown", tr("There is no baseline to compare it with: {reason}.", reason=reason)
    pairs = report["baseline"]["paired"]
    ours, theirs, p = pairs["only_model"], pairs["only_baseline"], p_value(pairs["p"])
    if pairs["p"] >= ALPHA:
        return "equal", _told_equal(p, same=ours == theirs == 0)
    if ours > theirs:
        return "better", tr("Better than the baseline, and not by chance ({p}).", p=p)
    return "worse", tr(
        "Worse than the baseline, and not by chance ({p}): more posts, a pretrained model or other settings may help.",
        p=p,
    )


def _told_equal(p: str, *, same: bool) -> str:
    if same:
        return tr(
            "No better and no worse than the baseline, as far as these posts can tell: the two are right on the same "
            "posts."
        )
    return tr(
        "No better and no worse than the baseline, as far as these posts can tell: the difference may be chance ({p}).",
        p=p,
    )


def told_pairs(pairs: Mapping[str, Any]) -> str:
    """Returns a sentence about the posts that McNemar's test looks at."""
    ours, theirs = pairs["only_model"], pairs["only_baseline"]
    if ours + theirs == 0:
        return tr("On every post, both are right or both are wrong.")
    return tr(
        "Only one of the two is right on {posts}: the model on {model}, the baseline on {baseline}. If they were "
        "equally good, such an uneven split would occur with {p} (McNemar's exact test).",
        posts=posts_in_words(ours + theirs),
        model=f"{ours:,}",
        baseline=f"{theirs:,}",
        p=p_value(pairs["p"]),
    )


def told_baseline(baseline: Mapping[str, Any], *, warm: bool) -> str:
    """Returns the fine print: what the baseline is, and how the comparison is meant."""
    facts = {"what": recorded(baseline["what"]), "features": f"{baseline['features']:,}"}
    facts |= {"rows": f"{baseline['rows']:,}", "time": duration(baseline["seconds"])}
    if baseline["rows"] < baseline["of_rows"]:
        told = tr(
            "Baseline: {what}, {features} features, trained on {rows} of the {all} posts, taken at random, in {time}.",
            all=f"{baseline['of_rows']:,}",
            **facts,
        )
    else:
        told = tr("Baseline: {what}, {features} features, trained on the same {rows} posts in {time}.", **facts)
    if warm:
        began = tr("The model continued from an earlier one, which saw other posts, too; the baseline did not.")
        told = tr("{first} {then}", first=told, then=began)
    return tr("{first} {then}", first=told, then=tr("Differences are in percentage points."))


def _available(report: Mapping[str, Any]) -> bool:
    return bool(report.get("baseline") and report["baseline"]["available"])
