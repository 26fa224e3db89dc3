"""`sentiment infer`: the console. Type a post, and see its probabilities and label as the older tool printed them."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import click

from sentiment.data.stream import read_stream
from sentiment.data.tsv import Post, one_line
from sentiment.model.folder import OpenedModel, open_model
from sentiment.serving.trained import model_of_version
from sentiment.settings import read_settings
from sentiment.step import say
from sentiment.text.harmless import visible

PROMPT = "--> [input content]: "
GOODBYES = ("quit", "exit")
WIDEST_BAR = 40  # columns
EIGHTHS = " ▏▎▍▌▋▊▉"

Classify = Callable[[str], list[float]]


def classifier_of(opened: OpenedModel) -> Classify:
    """Returns a function that maps a text to its probabilities, by label id."""
    from sentiment.model.batches import encode
    from sentiment.model.scoring import Scorer

    scorer = Scorer(opened.keras, opened.card.max_seq_length)

    def classify(text: str) -> list[float]:
        return [float(chance) for chance in scorer.probabilities(encode(opened.tokenizer, [Post(text, 0)]))[0]]

    classify("")  # traces the model, so that the first answer comes as fast as the others
    return classify


def answer(chances: Sequence[float], names: Sequence[str]) -> str:
    """Returns the two lines of an answer: every label with its probability, then the predicted label."""
    table = ", ".join(f"{name}:{chance}" for name, chance in zip(names, chances, strict=True))
    return f"{table}\npredict result : {names[chances.index(max(chances))]}\n"


def bars(chances: Sequence[float], names: Sequence[str], columns: int) -> str:
    """Returns one line per label: its name, a bar precise to an eighth of a column, and the percentage."""
    widest = max(map(len, names))
    room = max(1, min(WIDEST_BAR, columns - widest - len("   100.0 %")))
    lines = ""
    for name, chance in zip(names, chances, strict=True):
        whole, eighths = divmod(round(chance * room * 8), 8)
        bar = ("█" * whole + EIGHTHS[eighths].strip()).ljust(room)
        lines += f"{name:<{widest}}  {bar} {chance:>6.1%}\n"
    return lines


def converse(
    texts: Iterable[str], classify: Classify, names: Sequence[str], out: IO[str], *, echo: bool, columns: int = 0
) -> None:
    """Answers each text until one says goodbye; skips empty texts.

    `echo` also writes the prompt and the text, for input that nobody typed; bars `columns` wide follow, unless it is 0.
    """
    for text in map(one_line, texts):
        if text.lower() in GOODBYES:
            return
        if not text:
            continue
        chances = classify(text)
        asked = f"{PROMPT}{visible(text)}\n" if echo else ""
        out.write(asked + answer(chances, names) + (bars(chances, names, columns) if columns else "") + "\n")
        out.flush()


def typed() -> Iterator[str]:
    """Yields what a person types at the prompt until Ctrl-D, with line editing and a history."""
    import readline

    readline.set_completer(lambda text, state: None)  # otherwise Tab completes file names
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return


def prompted(stream: BinaryIO) -> Iterator[str]:
    """Yields what a person types while the answers go to a file; bytes that are not UTF-8 become U+FFFD."""
    while True:
        click.echo(PROMPT, err=True, nl=False)
        line = stream.readline()
        if not line:
            return
        yield line.decode("utf-8", errors="replace")


def piped(stream: BinaryIO) -> Iterator[str]:
    """Yields the lines of a stream as they come. Raises: InputError when they are in no encoding that is read."""
    return prompted(stream) if sys.stdin.isatty() else (post.text for post in read_stream(stream))


def console(model: Path) -> None:
    """Opens the model and holds the dialogue on stdin and stdout."""
    opened = open_model(model)
    classify, names = classifier_of(opened), opened.card.labels_english
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if columns and sys.stdin.isatty():
        say(f"{model}: {opened.card.name}. `{GOODBYES[0]}` ends it.")
        converse(typed(), classify, names, sys.stdout, echo=False, columns=columns)
    else:
        converse(piped(sys.stdin.buffer), classify, names, sys.stdout, echo=True, columns=columns)


@click.command("infer")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder.")
@click.option("--version", type=int, help="The number of a published version.  [default: stable]")
def command(model: Path | None, version: int | None) -> None:
    """Classify what you type, one post per line.

    Ctrl-D, the end of a pipe, or a line `quit` or `exit` ends it. For each line of a pipe, the prompt and the text are
    printed, too; on a terminal, bars also show the probabilities.
    """
    if model and version is not None:
        raise click.UsageError("give --model or --version, not both")
    console(model or model_of_version(read_settings(), "stable" if version is None else str(version)))
