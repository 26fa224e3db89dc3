"""The models that `sentiment bench score` measures with: folders that somebody has, and shapes with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.bench.speed.start import Shape, begin, write_ours, write_theirs
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import vocabulary
from sentiment.model.folder import open_model

PIECES = 21_128  # of the vocabulary of Chinese BERTs
LONGEST = 128  # pieces of a post
SEED = 13


@dataclass(frozen=True)
class Measurable:
    """A model by its name, as our folder and, where Hugging Face's classes know such a model, as theirs."""

    name: str
    ours: Path
    theirs: Path | None


def of_shape(shape: tuple[int, int], texts: Sequence[str], labels: Labels, work: Path) -> Measurable:
    """Returns a BERT of `shape` (layers, width) with random weights: how fast it is does not depend on them."""
    name = f"{shape[0]}x{shape[1]}"
    opened = begin(Shape(*shape, PIECES), vocabulary.build(texts), labels, LONGEST, SEED)
    write_ours(work / name, opened)
    write_theirs(work / f"{name}-theirs", opened)
    return Measurable(name, work / name, work / f"{name}-theirs")


def of_folder(folder: Path, work: Path) -> Measurable:
    """Returns somebody's model. Raises: InputError when it is none."""
    opened, theirs = open_model(folder), work / f"{folder.name}-theirs"
    try:
        write_theirs(theirs, opened)
    except InputError:  # another kind of network than theirs: the pipeline is left out, and the table says so
        return Measurable(str(folder), folder, None)
    return Measurable(str(folder), folder, theirs)
