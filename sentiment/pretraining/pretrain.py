"""`sentiment pretrain`: makes an encoder from posts without labels, by masked-language modelling.

The folder that it leaves is a Hugging Face checkpoint: `sentiment train --model-name DIR` starts from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic, seal
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.model import arithmetic
from sentiment.model.devices import choose_devices, logical_devices, require_known
from sentiment.options import pretraining as options_of
from sentiment.options.as_click import option, options
from sentiment.pretraining import lines, start
from sentiment.pretraining.corpus import Corpus, read_corpus
from sentiment.pretraining.never_learnt import texts_of_tests
from sentiment.results.pretraining import Judged, Pretraining
from sentiment.results.record import decoded
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.units import counted

if TYPE_CHECKING:
    from sentiment.pretraining.devices import Together
    from sentiment.pretraining.fit import Course, Options
    from sentiment.pretraining.kept import Place

KINDS = ("float16", "float32")
GO_ON = "Move that away and repeat the command: it goes on where its last kept state is."


@click.command("pretrain")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A text file, UTF-8, one post a line.",
)
@click.option(
    "--exclude",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file whose texts (column text) are not learnt from.",
)
@click.option("--model-name", default="scratch/mini", show_default=True, help="scratch/tiny, scratch/mini, or a BERT.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The folder of the encoder.")
@click.option("--vocab", type=click.Path(path_type=Path), help="Word pieces (vocab.txt) instead of the corpus's own.")
@click.option("--segmented", is_flag=True, help="Spaces in the corpus part words, which are hidden whole.")
@click.option("--weights", "kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="Their type.")
@click.option("--at", multiple=True, type=float, help="Also keep the encoder at this share of the course, 0 to 1.")
@click.option(
    "--devices", default="1", show_default=True, help="A number, auto, cpu or gpu (all GPUs); they share a step."
)
@option(options_of.PIECES)
@options(*options_of.OPTIONS)
@step
def command(
    corpus: tuple[Path, ...],
    exclude: tuple[Path, ...],
    model_name: str,
    output: Path,
    vocab: Path | None,
    segmented: bool,
    kind: str,
    at: tuple[float, ...],
    devices: str,
    pieces: int,
    **given: Any,
) -> Pretraining:
    """Pretrain an encoder on unlabelled posts. A stopped pretraining goes on where it was."""
    from sentiment.pretraining.fit import Options

    for declared in (options_of.PIECES, *options_of.OPTIONS):
        declared.require({**given, "pieces": pieces}[declared.name])
    require_shares(at)
    require_known(devices)
    start.require_output(output, model_name, at)
    lines.require_readable([*corpus, *exclude])
    found, begun = begin(read_settings(), corpus, exclude, model_name, vocab, pieces)
    result = pretrain(found, begun, Options(**given), output, kind, sorted(at), segmented=segmented, devices=devices)
    say(told(result))
    return result


def begin(
    settings: Settings, files: Iterable[Path], exclude: Iterable[Path], name: str, vocab: Path | None, pieces: int
) -> tuple[Corpus, start.Start]:
    """Returns what is learnt from, and what it starts from. Raises: InputError when one of them cannot be used."""
    found = read_corpus(files, texts_of_tests(settings, exclude))
    say(f"pretrain: {told_corpus(found)}")
    begun = start.start_of(name, vocab, (post for post, held in found.posts() if not held), pieces)
    start.require_mask(begun.pieces)
    return found, begun


def require_shares(at: Iterable[float]) -> None:
    """Raises: InputError unless every share of the course is one."""
    for share in at:
        if not 0 < share < 1:
            raise InputError(
                "--at must be a share of the course, between 0 and 1", found=f"{share:g}", do="Correct it."
            )


def pretrain(
    corpus: Corpus,
    begun: start.Start,
    options: Options,
    output: Path,
    kind: str,
    at: list[float],
    *,
    segmented: bool,
    devices: str = "1",
) -> Pretraining:
    """Pretrains, and writes the encoder; one that was made of the same is not made again, on whichever devices."""
    from sentiment.pretraining.encoder_folder import write_encoder
    from sentiment.pretraining.kept import Kept

    options = replace(options, precision=arithmetic.use(options.precision))
    text = identity_of(corpus, begun, segmented=segmented, length=options.length)
    stated = {**asdict(options), "segmented": segmented, "weights": kind}
    made_of = _digest([text, stated, begun.settings, str(begun.weights and sha256_of(begun.weights))])
    if earlier := _earlier(output, made_of):
        say(f"pretrain: {output} was already made from these inputs")
        return earlier
    for share in (*at, 1):
        start.require_replaceable(start.folder_at(output, share))
    kept = Kept(output, made_of)
    names = choose_devices(devices, *logical_devices())
    made = _built(corpus, begun, options, kept.folder / "tokens", text, names, segmented=segmented)
    written: list[Pretraining] = []

    def reached(share: float, place: Place) -> None:
        folder = start.folder_at(output, share)
        card = _card(made, corpus, begun, place, {**stated, "made_of": made_of}, output)
        with atomic.replacing_folder(folder) as new:
            write_encoder(new, made.learning.first.model, begun.settings, begun.pieces, card, kind)
            start.require_replaceable(folder, GO_ON)  # somebody may have put something there meanwhile
        written.append(card)

    made.course.run(kept, made.state, at, reached, knows=begun.weights is not None)
    kept.discard()
    return written[-1]


@dataclass(frozen=True)
class _Made:
    """What learns, what it learns from, and how; and how much it is."""

    learning: Together
    course: Course
    state: Any
    rows: int
    tokens: int
    unknown_share: float


def _built(
    corpus: Corpus,
    begun: start.Start,
    options: Options,
    folder: Path,
    text: str,
    devices: Sequence[str],
    *,
    segmented: bool,
) -> _Made:
    from sentiment.model.tokenizer import Tokenizer
    from sentiment.pretraining.devices import Together
    from sentiment.pretraining.fit import Course, Signs
    from sentiment.pretraining.network import built
    from sentiment.pretraining.tokens import tokenised
    from sentiment.tensorflow_setup import tf

    pieces = begun.pieces
    tokenizer = Tokenizer(pieces, max_seq_length=options.length, lower_case=begun.lower_case)
    folder.parent.mkdir(parents=True, exist_ok=True)
    learnt, held_out = tokenised(corpus, tokenizer, pieces, options.length, folder, segmented=segmented, made_of=text)
    learning = Together(devices, lambda: built(begun.settings, options.seed, begun.weights), options.weight_decay)
    signs = Signs(0, tokenizer.unknown, tokenizer.classify, tokenizer.separator, tokenizer.mask, len(pieces))
    rows, tokens = len(learnt.ends), int(learnt.lengths.sum())
    say(f"pretrain: {counted(rows, 'row')}, {tokens:,} tokens, {len(pieces):,} pieces")
    state = tf.train.Checkpoint(model=learning.first.model, optimizer=learning.first.optimizer)
    unknown = float((learnt.ids == tokenizer.unknown).mean())
    return _Made(learning, Course(learning, learnt, held_out, signs, options), state, rows, tokens, unknown)


def _card(
    made: _Made, corpus: Corpus, begun: start.Start, place: Place, options: dict[str, Any], output: Path
) -> Pretraining:
    return Pretraining(
        encoder=str(output),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        corpus=corpus.counted,
        pieces=len(begun.pieces),
        rows=made.rows,
        tokens=made.tokens,
        unknown_share=round(made.unknown_share, 6),
        parameters=sum(int(weight.shape.num_elements()) for weight in made.learning.first.weights),
        passes=options["passes"],
        steps=place.steps,
        seconds=round(place.seconds, 1),
        tokens_per_second=round(place.tokens / max(1e-9, place.seconds), 1),
        resumed=place.resumed,
        judged=[decoded(one, Judged, "judged", "") for one in place.judged],
        devices=made.learning.names,
        options=options,
    )


def identity_of(corpus: Corpus, begun: start.Start, *, segmented: bool, length: int) -> str:
    """Returns what names the rows: the corpus's files and which posts count, the pieces, and how they are cut."""
    files = [sha256_of(path) for path in corpus.files]
    use = hashlib.sha256(corpus.use.tobytes()).hexdigest()
    return _digest([files, use, begun.pieces, begun.lower_case, segmented, length])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _earlier(output: Path, made_of: str) -> Pretraining | None:
    from sentiment.pretraining.encoder_folder import CARD
    from sentiment.results import record

    if not (output / CARD).is_file():
        return None
    found = record.read(output / CARD, Pretraining, "Remove the folder, or name another one.")
    if not found.judged or found.options.get("made_of") != made_of:
        return None
    try:
        seal.unbroken(atomic.read_json(output / CARD))
    except ValueError as error:
        say(f"pretrain: {output / CARD} cannot be used ({error}); the encoder is made anew")
        return None
    return found


def told_corpus(corpus: Corpus) -> str:
    """Returns what was read, as a sentence."""
    found = corpus.counted
    left = {
        "repeated": found.repeated,
        "of test sets": found.of_tests,
        "empty": found.empty,
        "too long": found.too_long,
    }
    out = ", ".join(f"{number:,} {what}" for what, number in left.items() if number)
    return (
        f"{found.learnt:,} posts to learn from and {found.held_out:,} held out, of {found.lines:,} lines"
        f"{f' ({out})' if out else ''}"
    )


def told(result: Pretraining) -> str:
    """Returns what was made, as a sentence."""
    last = result.judged[-1]
    return (
        f"The encoder is in {result.encoder}. In {counted(result.corpus.held_out, 'held-out post')} it says "
        f"{last.accuracy * 100:.1f} % of the hidden pieces right, perplexity {last.perplexity:.1f}, "
        f"after {last.passes:g} passes. "
        f"Start from it with `sentiment train --model-name {result.encoder}`."
    )
