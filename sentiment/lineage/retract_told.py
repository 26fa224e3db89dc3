"""A retraction, or its undoing, as lines for people: what changed, which models saw the rows, and what to do now."""

from __future__ import annotations

from collections.abc import Iterator

from sentiment.language import marked, tr, tr_many
from sentiment.step import Result
from sentiment.text.harmless import visible

SETS = (
    ("frozen", marked("the frozen test set: {before:,} rows before, {after:,} now")),
    ("rolling", marked("the rolling test set: {before:,} rows before, {after:,} now")),
    ("train", marked("training: {before:,} rows before, {after:,} now")),
)


def told(found: Result) -> list[str]:
    """Returns the result as lines for people."""
    models = list(_models(found["saw"])) if found["retracted"] else []
    if not found["changed"]:
        return [_unchanged(found), *models]
    lines = [_done(found)]
    for name, sentence in SETS:
        before, after = found["before"][name], found["after"][name]
        lines += [tr(sentence, before=before, after=after)] * (before != after)
    if found["few_rolling"]:
        lines.append(
            tr("the rolling test set decides nothing until it has {needed:,} rows again", needed=found["needed"])
        )
    if found["must_hold"]:
        lines.append(tr("must_hold.tsv has {texts:,} of its texts: they stay there", texts=found["must_hold"]))
    if not found["earlier_labels_known"]:
        lines.append(
            tr(
                "it came before the ledger kept earlier labels: a text that it had, and that no other source labelled,"
                " leaves with it, until it is delivered again"
            )
        )
    return [*lines, *models]


def _unchanged(found: Result) -> str:
    delivery, name = found["delivery"], visible(found["key"])
    if not found["retracted"]:
        return tr("delivery {delivery}, {name}, is not retracted: nothing was changed", delivery=delivery, name=name)
    return tr(
        "delivery {delivery}, {name}, was retracted before, by {who}: {reason}",
        delivery=delivery,
        name=name,
        who=visible(found["who"]),
        reason=visible(found["reason"]),
    )


def _done(found: Result) -> str:
    named = {"delivery": found["delivery"], "name": visible(found["key"]), "texts": _texts(found)}
    if found["dry_run"] and found["retracted"]:
        return tr(
            "delivery {delivery}, {name}, is retracted (nothing was changed: this only shows what would be): {texts}",
            **named,
        )
    if found["dry_run"]:
        return tr(
            "delivery {delivery}, {name}, counts again (nothing was changed: this only shows what would be): {texts}",
            **named,
        )
    if found["retracted"]:
        return tr("delivery {delivery}, {name}, is retracted: {texts}", **named)
    return tr("delivery {delivery}, {name}, counts again: {texts}", **named)


def _texts(found: Result) -> str:
    counts = [
        (found["left"], marked("{number:,} left")),
        (found["came"], marked("{number:,} came back")),
        (found["relabelled"], marked("{number:,} changed to what the other deliveries say")),
        (found["stayed"], marked("{number:,} stayed, since other deliveries say the same")),
    ]
    parts = tr(", ").join(tr(wording, number=number) for number, wording in counts if number)
    if not parts:
        return tr("it had no texts")
    return tr_many("of its {number:,} text, {parts}", "of its {number:,} texts, {parts}", found["texts"], parts=parts)


def _models(found: Result) -> Iterator[str]:
    """Yields which models saw the rows, and what can be done about it."""
    for one in found["trained"]:
        yield tr(
            "version {version} ({standing}) saw its texts: {how}",
            version=one["version"],
            standing=standing_of(one),
            how=how_trained(one),
        )
    for one in found["tested"]:
        many = tr("an unknown number") if one["texts"] is None else f"{one['texts']:,}"
        yield tr("version {version} was tested on its texts: {texts}", version=one["version"], texts=many)
    yield from (tr("version {version} is too old to tell", version=number) for number in found["unknown"])
    for run in found["runs"]:
        yield tr(
            "run {run} was made with its texts, and is not published: start that night anew, approve nothing of it",
            run=run,
        )
    labelled = {label for one in found["trained"] for label in one["labels"]}
    if "canary" in labelled:
        yield tr("to take the canary from the servers: sentiment withdraw --reason …")
    if "stable" in labelled:
        if clean := found["clean"]:
            yield tr("stable learned from it; to go back: sentiment rollback --to {version} --reason …", version=clean)
        else:
            yield tr("stable learned from it; to go back: no earlier stable version is without them")
        yield tr("to train without it from the beginning: sentiment prepare --run NAME --mode full")


def standing_of(exposed: Result) -> str:
    """Returns the labels and the condition of a version that saw texts: `stable, served`."""
    return tr(", ").join(map(tr, [*exposed["labels"], exposed["condition"]]))


def how_trained(exposed: Result) -> str:
    """Returns how a version saw texts: in its own training, or in that of the version that it started from."""
    if exposed["texts"]:
        return tr("trained on {texts:,}", texts=exposed["texts"])
    return tr("trained from version {version}", version=exposed["through"])
