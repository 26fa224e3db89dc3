"""The wording of a version's model card, in Markdown; text from data is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sentiment.gate import must_hold
from sentiment.gate.cautions import cautions
from sentiment.gate.costs import cost_table, measured_told
from sentiment.gate.rows import Row, comparison_table, data_lines
from sentiment.gate.same_rows import day, published, told
from sentiment.language import marked, recorded, tr, tr_many
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.events import AnyEvent
from sentiment.results.model_card import ModelCard
from sentiment.results.validation import Validation
from sentiment.serving.state import Version
from sentiment.serving.succession import condition_told
from sentiment.text.harmless import markdown_source

MOVES = {
    "published": marked("Published"),
    "canary": marked("Made canary"),
    "promoted": marked("Made stable"),
    "withdrawn": marked("Withdrawn"),
    "rolled_back": marked("Made stable again"),
}
SETS = {
    "frozen": (
        marked("Accuracy, frozen set: {figure}."),
        marked("The frozen test set had {rows:,} rows, sha256 {sha}."),
    ),
    "rolling": (
        marked("Accuracy, rolling set: {figure}."),
        marked("The rolling test set had {rows:,} rows, sha256 {sha}."),
    ),
}
LONGEST = 400  # characters of a sentence
WITHOUT_RUN = marked("It was published without a run.")


@dataclass(frozen=True)
class Known:
    """All that is recorded of a version; what is missing or broken is None."""

    version: Version
    role: str  # stable, canary, or ""
    events: Sequence[AnyEvent] = field(default_factory=tuple)  # about this version
    model: ModelCard | None = None
    prepare: Prepare | None = None
    check: Check | None = None
    gate: Gate | None = None
    validation: Validation | None = None


def model_card(known: Known) -> str:
    """Returns the card as Markdown, in the language spoken; text from data is escaped."""
    number = known.version.number
    candidate = tr("version {version}", version=number)
    parts = [
        f"# {tr('Sentiment model, version {version}', version=number)}",
        _standing(known),
        *_listed(tr("Intended use"), _use(known)),
        *_listed(tr("Data"), _data(known)),
        *_listed(tr("Figures"), _figures(known)),
        *([_table(comparison_table(known.gate, candidate, intervals=True))] if known.gate else []),
        *_costs(known, candidate),
        *_listed(tr("Limits"), _limits(known)),
        *_listed(tr("Who answers for it"), _owners(known)),
    ]
    return "\n\n".join(parts) + "\n"


def _standing(known: Known) -> str:
    version = known.version
    what, made = tr(known.role) if known.role else condition_told(version, {}), day(version.published_at)
    return tr(
        "{made} {run} sha256 of what is served: {digest}.",
        made=tr("It is {what}, published on {day}.", what=what, day=made) if made else tr("It is {what}.", what=what),
        run=tr("Its run is {run}.", run=markdown_source(version.run)) if version.run else tr(WITHOUT_RUN),
        digest=f"`{version.digest or '–'}`",
    )


def _use(known: Known) -> list[str]:
    labels = known.model.labels if known.model else known.gate.labels if known.gate else []
    lines = [tr("It tells the sentiment of short Chinese posts in Traditional characters, and how sure it is.")]
    if labels:
        names = tr(", ").join(labels)
        lines.append(tr("It answers with one of {number} labels: {labels}.", number=len(labels), labels=names))
    if not known.model:
        return lines
    titles = [tr("It reads the title of a thread before the post.")] if known.model.titles is True else []
    return [*lines, *titles, _made_of(known.model), *_taught_by(known.model)]


def _taught_by(model: ModelCard) -> list[str]:
    """Returns of whom a student learned, in a sentence; nothing of a model that learned labels alone."""
    if not (teaching := model.teaching):
        return []
    who = teaching.teacher if not teaching.version else tr("version {version}", version=teaching.version)
    posts = tr_many("{number:,} post", "{number:,} posts", teaching.posts)
    learned = tr("It learned what {model} says of {posts} that nobody labelled.", model=who, posts=posts)
    return [learned]


def _made_of(model: ModelCard) -> str:
    what = {"type": model.type, "name": model.name, "parameters": model.parameters}
    if not model.encoder:
        return tr("It is a {type} model ({name}) of {parameters:,} parameters.", **what)
    return tr(
        "It is a {type} model ({name}) of {parameters:,} parameters, made from the encoder {address}, sha256 {digest}.",
        **what,
        address=model.encoder.address,
        digest=model.encoder.sha256,
    )


def _data(known: Known) -> list[str]:
    data, labels = known.version.data, known.model.labels if known.model else []
    lines = data_lines(known.prepare, known.gate.labels if known.gate else labels)
    if not lines:
        lines = [tr("{rows:,} rows.", rows=data.rows) if data.rows else tr("What it was trained on is not recorded.")]
    if data.ancestor is not None:
        lines.append(
            tr("Its training went on from version {version}, whose rows are in it too.", version=data.ancestor)
        )
    if data.partial:
        lines.append(tr("A person limited its new rows to some days or sources."))
    tests = [("frozen", data.tests.frozen), ("rolling", data.tests.rolling)] if data.tests else []
    return [*lines, *(tr(SETS[name][1], rows=one.rows, sha=one.sha256) for name, one in tests)]


def _figures(known: Known) -> list[str]:
    lines = [tr(SETS[name][0], figure=told(one)) for name, one in published(known.version).items()]
    decided = recorded(known.gate.sentence) if known.gate else tr("No decision of the gate about it is recorded.")
    return [*lines, decided]


def _costs(known: Known, candidate: str) -> list[str]:
    rows = cost_table(known.gate, candidate, known.version.size) if known.gate else []
    return [_table(rows), markdown_source(measured_told(known.gate.costs), LONGEST)] if known.gate and rows else []


def _limits(known: Known) -> list[str]:
    model, gate, validation = known.model, known.gate, known.validation
    lines = [tr("Its accuracies are of posts like those of the test sets; on others it was not measured.")]
    if model:
        length = model.max_seq_length
        reads = tr("Of a post it reads the first {number} pieces, about as many characters.", number=length)
        lines = [reads, *lines]
    lines += [*map(recorded, gate.exceptions), *cautions(gate)] if gate else []
    lines += must_hold.told(gate) if gate else []
    lines += [recorded(check.sentence) for check in gate.checks if not check.passed] if gate else []
    lines += [tr("New posts: {warning}", warning=recorded(one)) for one in known.check.warnings] if known.check else []
    return [*lines, tr("Its export: {told}", told=recorded(validation.sentence))] if validation else lines


def _owners(known: Known) -> list[str]:
    """Returns who did what; why is told in the history's own words."""
    lines = [_owner(event) for event in known.events if event.name in MOVES]
    return lines or [tr("Nobody is recorded.")]


def _owner(event: AnyEvent) -> str:
    what, who, on = tr(MOVES[event.name]), event.who or tr("nobody who is recorded"), day(event.at)
    why = recorded(event.told)
    if on and why:
        return tr("{what} by {who} on {day}: {why}", what=what, who=who, day=on, why=why)
    if on:
        return tr("{what} by {who} on {day}.", what=what, who=who, day=on)
    return (
        tr("{what} by {who}: {why}", what=what, who=who, why=why) if why else tr("{what} by {who}.", what=what, who=who)
    )


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {markdown_source(line, LONGEST)}" for line in lines)]


def _table(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(markdown_source(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
