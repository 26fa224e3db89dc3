"""`sentiment refresh-encoder`: pretrains the home's own encoder on its corpus as it is now.

Each goes on from the current one, and becomes current when it says the hidden pieces of the same held-out posts at
least as well. Full retrains start from the current one where SENTIMENT_START_FROM says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sentiment import own_encoder
from sentiment.language import marked, tr
from sentiment.model import pinned
from sentiment.options import pretraining as options_of
from sentiment.options.as_click import option, options
from sentiment.pretraining import encoders_kept
from sentiment.pretraining.corpus_folder import files_in
from sentiment.results.encoders import RefreshedEncoder
from sentiment.results.pretraining import Judged, Pretraining
from sentiment.serving.change import user
from sentiment.serving.lock import held
from sentiment.settings import Settings, read_settings
from sentiment.step import step
from sentiment.text.aloud import tell

NOT_SET = marked("Nothing is pretrained: SENTIMENT_PRETRAIN_CORPUS names no folder of posts.")


@dataclass(frozen=True)
class Start:
    """What a refreshment starts from, and the number of the current encoder if it goes on from that one."""

    name: str  # as `--model-name` takes it
    before: int | None


def start_of(settings: Settings, asked: str | None) -> Start:
    """Returns the start: what was asked for, the current encoder, or a random one in a home that has none."""
    current = own_encoder.current(settings)
    if asked or current is None:
        return Start(asked or options_of.FIRST_START, None)
    folder = own_encoder.folder_of(settings, current.number)
    return Start(pinned.pinned_name(str(folder), current.sha256), current.number)


def chosen(start: Start, pieces: int, **given: Any) -> dict[str, Any]:
    """Returns the options of a pretraining by their names. Raises: InputError when one must not be so."""
    defaults = {option.name: option.default for option in options_of.OPTIONS}
    going_on = options_of.GOING_ON if start.before is not None else {}
    stated = {name: value for name, value in given.items() if value is not None}
    found = {**defaults, **going_on, **stated}
    for declared in (options_of.PIECES, *options_of.OPTIONS):
        declared.require({**found, "pieces": pieces}[declared.name])
    return found


def refresh(settings: Settings, files: list[Path], asked: str | None, pieces: int, **given: Any) -> RefreshedEncoder:
    """Pretrains, decides, and removes older encoders. A second one in this home waits.

    One that was killed goes on with the same files and options. Raises: InputError on a bad corpus, or when the current
    encoder is not as it was made.
    """
    from sentiment.pretraining.fit import Options
    from sentiment.pretraining.pretrain import KINDS, begin, pretrain

    with held(own_encoder.lock_of(settings), user()):
        start = start_of(settings, asked)
        options = Options(**chosen(start, pieces, **given))
        number = encoders_kept.next_number(settings)
        output = own_encoder.folder_of(settings, number)
        corpus, begun = begin(settings, files, (), start.name, None, pieces)
        card = pretrain(corpus, begun, options, output, KINDS[0], [], segmented=False)
        return _decided(settings, start, number, card)


def _decided(settings: Settings, start: Start, number: int, card: Pretraining) -> RefreshedEncoder:
    before, now = before_and_after(card, start)
    accepted = before is None or now.loss <= before.loss
    removed: list[int] = []
    if accepted:
        own_encoder.make_current(settings, number, encoders_kept.digest_of(settings, number))
        removed = encoders_kept.remove_older(settings)
    return RefreshedEncoder(
        not_set=False,
        current=accepted,
        sentence=told(number, start, before, now, accepted),
        number=number,
        encoder=card.encoder,
        before=start.before,
        perplexity=now.perplexity,
        perplexity_before=before.perplexity if before else None,
        removed=removed,
    )


def before_and_after(card: Pretraining, start: Start) -> tuple[Judged | None, Judged]:
    """Returns how the current encoder did, which this one went on from, and how this one does.

    Both said the same pieces of the same posts. An encoder from elsewhere has other pieces, and is compared with none.
    """
    first, last = card.judged[0], card.judged[-1]
    return (first if start.before is not None and first.steps == 0 else None), last


def told(number: int, start: Start, before: Judged | None, now: Judged, accepted: bool) -> str:
    """Returns what became of it, as a sentence."""
    figures = {"number": number, "perplexity": f"{now.perplexity:.1f}"}
    if before is None:
        return tr(
            "Encoder {number} is current now: perplexity {perplexity}, not compared with an earlier one.", **figures
        )
    figures |= {"before": start.before, "earlier": f"{before.perplexity:.1f}"}
    if accepted:
        return tr(
            "Encoder {number} is current now: perplexity {perplexity}, and {earlier} of encoder {before}, on the same "
            "posts.",
            **figures,
        )
    return tr(
        "Encoder {before} stays current: encoder {number} is worse, with perplexity {perplexity} against {earlier} on "
        "the same posts.",
        **figures,
    )


@click.command("refresh-encoder")
@option(options_of.REFRESHING_START)
@options(*options_of.REFRESHING)
@step
def command(model_name: str | None, pieces: int, **given: Any) -> RefreshedEncoder:
    """Pretrain the home's own encoder on SENTIMENT_PRETRAIN_CORPUS; a stopped one goes on where it was."""
    settings = read_settings()
    if settings.corpus_folder is None:
        tell(NOT_SET)
        return RefreshedEncoder(not_set=True, current=False, sentence=NOT_SET)
    made = refresh(settings, files_in(settings.corpus_folder), model_name, pieces, **given)
    tell(made.sentence)
    return made
