"""`sentiment model-card`: what a version is for, made of, worth, not fit for, and who answers for it, in Markdown.

Everything in it was recorded: nobody has to write it, and nothing in it is a promise that was not measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.language import speaking
from sentiment.lineage.card_text import Known, model_card
from sentiment.results import record
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.events import AnyEvent
from sentiment.results.model_card import ModelCard
from sentiment.results.record import StepResult
from sentiment.results.validation import Validation
from sentiment.serving.history import read_events, read_state
from sentiment.serving.records import results_of
from sentiment.serving.state import State
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings, read_settings

T = TypeVar("T")
R = TypeVar("R", bound=StepResult)


def known_of(settings: Settings, state: State, history: Iterable[AnyEvent], number: int) -> Known:
    """Returns what is recorded of version `number`, which the state must know."""
    version = state.versions[number]
    results = results_of(settings, version)

    def left(kind: type[R]) -> R | None:
        return _read(results.found(kind.STEP), kind) if version.run else None

    return Known(
        version,
        next((label for label, labelled in state.labels.items() if labelled == number), ""),
        [event for event in history if event.version == number],
        _read(folder_of(settings, number) / "model.json", ModelCard),
        left(Prepare),
        left(Check),
        left(Gate),
        left(Validation),
    )


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return record.read(path, kind, "")
    except InputError:
        return None


def numbered(state: State, which: str) -> int:
    """Returns the number of `which`: stable, canary, previous or a number. Raises: InputError when it is none."""
    labelled = {"stable": state.stable, "canary": state.canary, "previous": state.previous}
    number = labelled.get(which, int(which) if which.isdecimal() else None)
    if number is None or number not in state.versions:
        raise InputError(
            "a model card is of a published version: stable, canary, previous or a number",
            found=f"{which!a:.40}",
            do="Name one that `sentiment status` lists.",
        )
    return number


@click.command("model-card")
@click.argument("version", metavar="VERSION|stable|canary|previous")
@click.option("--output", type=click.Path(path_type=Path), help="Write the card to this file instead of stdout.")
@click.option("--result", "result_file", type=click.Path(path_type=Path), help="Also write the summary to this file.")
def command(version: str, output: Path | None, result_file: Path | None) -> None:
    """Show a version's model card: intended use, data, figures, limits, and who answers for it.

    It is Markdown, made of what was recorded. It goes to stdout; with --output it goes to that file, and the last line
    of stdout is a summary.
    """
    settings = read_settings()
    state = read_state(settings)
    number = numbered(state, version)
    with speaking(settings.language):
        card = model_card(known_of(settings, state, read_events(settings.history), number))
    summary = {"version": number, "output": str(output or "-")}
    if output:
        atomic.write_text(output, card)
    click.echo(json.dumps(summary) if output else card.rstrip("\n"))
    if result_file:
        atomic.write_json(result_file, summary)
