"""What a pretraining starts from: random weights and pieces of the corpus, or an encoder that is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.disk import expanded
from sentiment.errors import InputError
from sentiment.model import checkpoint, encoder, pinned, vocabulary
from sentiment.model.model_type import CUSTOM
from sentiment.model.vocabulary import SPECIAL
from sentiment.model.word_counts import WordCounts
from sentiment.options.training import LONGEST_SEQUENCE

SPARE = 500  # pieces of the vocabulary that are no single characters; of a small one, a tenth


@dataclass(frozen=True)
class Start:
    """The settings of the encoder, its pieces, and its file of weights; None: random ones."""

    settings: dict[str, Any]
    pieces: list[str]
    lower_case: bool
    weights: Path | None


def start_of(name: str, vocab: Path | None, posts: Iterable[str], most_pieces: int) -> Start:
    """Returns what `--model-name` and `--vocab` name; without pieces, those of the posts.

    Raises: InputError when there is no such encoder, or it is no BERT.
    """
    from sentiment.pretraining.network import architecture

    if encoder.is_scratch(name):
        encoder.require_scratch_name(name)
        pieces = vocabulary.read(vocab) if vocab else pieces_of(posts, most_pieces)
        return Start(architecture(*encoder.SCRATCH[name], len(pieces), LONGEST_SEQUENCE), pieces, True, None)
    if pinned.digest_in(name):
        pinned.require_same(pinned.of_checkpoint(checkpoint.locate(pinned.name_of(name))), CUSTOM, name, ())
    source = encoder.pretrained(pinned.name_of(name), vocab)
    if source.architecture["model_type"] != "bert":
        raise InputError(
            "an encoder that is pretrained further must be a BERT",
            found=f"a {source.architecture['model_type']!r} in {name}",
            do="Name another one, or scratch/mini.",
        )
    settings = {**source.architecture, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return Start(settings, source.pieces, source.lower_case, source.pretrained)


def pieces_of(posts: Iterable[str], most: int) -> list[str]:
    """Returns the pieces of a corpus: special ones, then its most frequent characters, then its most frequent words.

    Of equals, the smaller code comes first: the same posts in any order give the same pieces, unless they have so many
    different words that rare ones are forgotten.
    """
    characters: Counter[str] = Counter()
    words = WordCounts()
    for post in posts:
        for word in vocabulary.split(post, lower_case=True):
            characters.update(word)
            words.add(word)
    room = most - len(SPECIAL)
    # A letter or digit is two pieces: at the beginning of a word, and inside it.
    single = [piece for character in _by_count(characters) for piece in _pieces_of(character)]
    kept = single[: room - min(SPARE, most // 10)]
    return [*SPECIAL, *kept, *words.often()[: room - len(kept)]]


def _by_count(counted: Counter[str]) -> list[str]:
    return sorted(counted, key=lambda one: (-counted[one], one))


def _pieces_of(character: str) -> list[str]:
    return [character] if vocabulary.stands_alone(character) else [character, f"##{character}"]


def folder_at(output: Path, share: float) -> Path:
    """Returns the folder of the encoder as it is at a share of its course; at 1, it is `output`."""
    return output if share == 1 else output.with_name(f"{output.name}-at-{share:g}")


def require_output(output: Path, name: str, at: Iterable[float] = ()) -> None:
    """Raises: InputError when something else than an encoder of ours stands where an encoder is to be.

    That is `output`, and a folder beside it for each share of the course in `at`.
    """
    for folder in (output, *(folder_at(output, share) for share in at)):
        if folder.resolve() == expanded(pinned.name_of(name)).resolve():
            raise InputError(
                "--output must be another folder than --model-name", found=str(folder), do="Name a new one."
            )
        require_replaceable(folder)


def require_replaceable(folder: Path, do: str = "Name another folder.") -> None:
    """Raises: InputError, which ends with `do`, when something else than an encoder of ours would be deleted."""
    from sentiment.pretraining.encoder_folder import CARD

    if (folder.exists() or folder.is_symlink()) and not (folder / CARD).is_file():
        raise InputError(
            f"--output must be a new folder, or an encoder that `sentiment pretrain` made (with {CARD} in it)",
            found=str(folder),
            do=do,
        )


def require_mask(pieces: list[str]) -> None:
    """Raises: InputError when the pieces cannot hide a word, or are too many."""
    vocabulary.check(pieces, checkpoint.VOCABULARY)
    if len(pieces) >= 2**16:
        raise InputError(
            "a vocabulary must have fewer than 65,536 pieces", found=f"{len(pieces):,}", do="Use a smaller one."
        )
