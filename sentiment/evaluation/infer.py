"""`sentiment infer`: the console. Type a post, and see its probabilities and label as the older tool printed them."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import click

from sentiment.data.stream import of_line, read_stream
from sentiment.data.tsv import Post, one_line
from sentiment.language import tr
from sentiment.model.encoder_process import computing
from sentiment.model.folder import OpenedModel, open_model, strangers_encoder
from sentiment.serving.trained import model_of_version
from sentiment.settings import read_settings
from sentiment.step import on_terminal, say
from sentiment.text.aloud import to_people
from sentiment.text.columns import cells
from sentiment.text.harmless import titled as with_title
from sentiment.text.harmless import visible

PROMPT = "--> [input content]: "
GOODBYES = ("quit", "exit")
WIDEST_BAR = 40  # columns
EIGHTHS = " ▏▎▍▌▋▊▉"

Classify = Callable[[Post], list[float]]


def classifier_of(opened: OpenedModel) -> Classify:
    """Returns a function that maps a post to its probabilities, by label id."""
    from sentiment.model.batches import encode
    from sentiment.model.scoring import Scorer

    scorer = Scorer(opened.keras, opened.card.max_seq_length)

    def classify(post: Post) -> list[float]:
        return [float(chance) for chance in scorer.probabilities(encode(opened.tokenizer, [post]))[0]]

    classify(Post("", 0))  # traces the model, so that the first answer comes as fast as the others
    return classify


def answer(chances: Sequence[float], names: Sequence[str], form: str = "") -> str:
    """Returns the two lines of an answer: every label with its probability, then the predicted label.

    `form` is how a probability is written; without it, with all its digits, as the older tool wrote it.
    """
    table = ", ".join(f"{name}:{chance:{form}}" for name, chance in zip(names, chances, strict=True))
    return f"{table}\npredict result : {names[chances.index(max(chances))]}\n"


def bars(chances: Sequence[float], names: Sequence[str], columns: int) -> str:
    """Returns one line per label: its name, a bar precise to an eighth of a column, and the percentage."""
    widest = max(map(cells, names))
    room = max(1, min(WIDEST_BAR, columns - widest - len("   100.0 %")))
    lines = ""
    for name, chance in zip(names, chances, strict=True):
        whole, eighths = divmod(round(chance * room * 8), 8)
        bar = ("█" * whole + EIGHTHS[eighths].strip()).ljust(room)
        lines += f"{name}{' ' * (widest - cells(name))}  {bar} {chance:>6.1%}\n"
    return lines


def converse(
    lines: Iterable[str],
    classify: Classify,
    names: Sequence[str],
    out: IO[str],
    *,
    echo: bool,
    columns: int = 0,
    titled: bool = False,
) -> None:
    """Answers each line until one says goodbye; skips empty texts. Where it is `titled`, a line may be title<TAB>text.

    `echo` also writes the prompt and the text, for input that nobody typed. `columns` is a terminal's width, for whose
    reader three digits are enough and bars follow; 0 is no terminal.
    """
    for line in lines:
        typed = of_line(line, titled=titled)
        post = Post(one_line(typed.text), 0, one_line(typed.title))
        if post.text.lower() in GOODBYES and not post.title:
            return
        if not post.text:
            continue
        chances = classify(post)
        asked = f"{PROMPT}{visible(with_title(post.title, post.text))}\n" if echo else ""
        shown = answer(chances, names, ".3f") + bars(chances, names, columns) if columns else answer(chances, names)
        out.write(f"{asked}{shown}\n")
        out.flush()


def typed() -> Iterator[str]:
    """Yields what a person types at the prompt until Ctrl-D, with line editing and a history."""
    import readline

    readline.parse_and_bind("tab: self-insert")  # it ends a title; otherwise it would complete file names
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


def greeting(folder: Path, model: str, *, titled: bool = False) -> str:
    """Returns what a person is told before the first prompt; `quit` is one of GOODBYES."""
    told = tr("{folder}: {model}. `quit` ends it.", folder=folder, model=model)
    return f"{told}\n{tr('A title goes before the text, with a tab between the two.')}" if titled else told


def console(model: Path) -> None:
    """Opens the model and holds the dialogue on stdin and stdout."""
    opened = open_model(model)
    classify = classifier_of(opened)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    columns = shutil.get_terminal_size().columns if on_terminal() else 0
    # A program that reads the answers gets those of the older tool; a person gets the labels as they were set.
    has_titles = opened.card.titles is True
    names = [visible(name, 40) for name in opened.card.labels] if columns else opened.card.labels_english
    if columns and sys.stdin.isatty():
        with to_people():
            say(greeting(model, opened.card.name, titled=has_titles))
        converse(typed(), classify, names, sys.stdout, echo=False, columns=columns, titled=has_titles)
    else:
        lines = piped(sys.stdin.buffer)
        converse(lines, classify, names, sys.stdout, echo=True, columns=columns, titled=has_titles)


@click.command("infer")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder.")
@click.option("--version", type=int, help="The number of a published version.  [default: stable]")
def command(model: Path | None, version: int | None) -> None:
    """Classify what you type, one post per line; for a model that was trained with titles, also title<TAB>text.

    Ctrl-D, the end of a pipe, or a line `quit` or `exit` ends it. For each line of a pipe, the prompt and the text are
    printed, too, and the labels are in English, as the older tool printed them. On a terminal, the labels have the
    model's own names, and bars also show the probabilities.
    """
    if model and version is not None:
        raise click.UsageError("give --model or --version, not both")
    folder = model or model_of_version(read_settings(), "stable" if version is None else str(version))
    with computing(strangers_encoder(folder)):
        console(folder)
