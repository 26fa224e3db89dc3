"""A model folder: weights.h5, model.json, vocab.txt and the training report. The one place that knows its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.errors import InputError, NoSuchFile
from sentiment.lean import importing
from sentiment.model import encoder_limits, hdf5_file, hub_encoder, pinned, vocabulary
from sentiment.model.model_type import TF_HUB
from sentiment.options.training import LONGEST_SEQUENCE
from sentiment.results import record
from sentiment.results.model_card import FORMAT, CardFormat, ModelCard

if TYPE_CHECKING:
    from sentiment.model.tokenizer import Tokenizer

WEIGHTS, CARD, VOCABULARY, SUMMARY, REPORT = "weights.h5", "model.json", "vocab.txt", "summary.txt", "report.json"
HOLDS_A_CARD = "a model folder must hold a readable model.json"
RESTORE = "Restore the folder, or train the model again."
NAME_ANOTHER = "Name a folder that `sentiment train` made."
ENCODER = "encoder"  # in a TF-Hub model: the SavedModel that its weights belong to
# What HDF5 and Keras raise about a damaged file of weights.
WEIGHT_ERRORS = (OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError)


@dataclass(frozen=True)
class OpenedModel:
    """A model that is ready to answer: its Keras model, its tokenizer, its card and its word pieces.

    `encoder` is the folder of the SavedModel that a TF-Hub model is built from; None for other types.
    """

    keras: Any
    tokenizer: Tokenizer
    card: ModelCard
    pieces: list[str]
    encoder: Path | None = None


def installed_versions() -> dict[str, str]:
    return {name: version(name) for name in ("tensorflow", "transformers", "sentiment")}


def write_card(folder: Path, card: ModelCard) -> None:
    record.write(folder / CARD, card)


def write_model(folder: Path, model: OpenedModel) -> None:
    """Writes the files that `open_model` reads."""
    model.keras.save_weights(str(folder / WEIGHTS))
    vocabulary.write(folder / VOCABULARY, model.pieces)
    if model.encoder is not None:
        hub_encoder.copy(model.encoder, folder / ENCODER)
    write_card(folder, model.card)


def read_card(folder: Path) -> ModelCard:
    """Reads `model.json`. Raises: InputError when it is missing, has another format, or a field is wrong."""
    path = folder / CARD
    if not folder.exists():
        raise NoSuchFile(folder, must_hold=HOLDS_A_CARD, do=NAME_ANOTHER, kind="folder")
    if not path.is_file():
        raise InputError(HOLDS_A_CARD, found=f"no {path}", do=NAME_ANOTHER)
    found = record.read(path, CardFormat, NAME_ANOTHER).format
    if found != FORMAT:
        raise InputError(
            f"a model folder must be of format {FORMAT}",
            found=f"format {found} in {path}",
            do="Train the model again with this version, or use the version that made it.",
        )
    return record.read(path, ModelCard, RESTORE)


def strangers_encoder(folder: Path) -> Path | None:
    """Returns the program that somebody else wrote and this model is computed by, if it has one."""
    return folder / ENCODER if read_card(folder).type == TF_HUB else None


def open_model(folder: Path, *, dropout: float | None = None) -> OpenedModel:
    """Builds the model that `folder` describes and loads its weights.

    For further training, `dropout` replaces its own, and its temperature is left away.

    Raises: InputError when a file is missing, cut short, or belongs to another model.
    """
    card = read_card(folder)
    _require_bounded(card, folder)
    pieces = vocabulary.read(folder / VOCABULARY)
    if len(pieces) != card.vocabulary:
        raise InputError(
            f"{folder / VOCABULARY} must hold the {card.vocabulary} pieces of its model",
            found=f"{len(pieces)} pieces",
            do=RESTORE,
        )
    from sentiment.model import classifier
    from sentiment.model.tokenizer import Tokenizer

    encoder = folder / ENCODER if card.type == TF_HUB else None
    if encoder is not None:
        pinned.require_kept(card, encoder)
    model = classifier.build(
        card.type,
        card.architecture,
        labels=len(card.labels),
        dropout=card.dropout if dropout is None else dropout,
        weights=encoder,
        temperature=card.temperature if dropout is None else 1.0,
    )
    load_weights(model, folder / WEIGHTS)
    untitled = None if card.reads_titles else str(folder)
    tokenizer = Tokenizer(pieces, max_seq_length=card.max_seq_length, lower_case=card.lower_case, untitled=untitled)
    return OpenedModel(model, tokenizer, card, pieces, encoder)


def _require_bounded(card: ModelCard, folder: Path) -> None:
    """Raises: InputError when model.json describes a model that no machine holds, or that weights.h5 cannot hold."""
    if not (1 <= card.max_seq_length <= LONGEST_SEQUENCE and 0 <= card.dropout < 1):
        raise InputError(
            f"a model must take 1 to {LONGEST_SEQUENCE} pieces, and have a dropout from 0 to below 1",
            found=f"max_seq_length {card.max_seq_length} and dropout {card.dropout} in {folder / CARD}",
            do=RESTORE,
        )
    encoder_limits.require_plain(card.architecture, {}, folder / CARD)
    weights, settings = folder / WEIGHTS, _with_defaults(card, folder / CARD)
    if weights.is_file() and (lack := encoder_limits.lack_of_room(settings, weights)):
        raise _unfit(weights, lack)


def _with_defaults(card: ModelCard, file: Path) -> Mapping[str, Any]:
    """Returns an encoder's settings, with transformers' own where there are none: it would build those, whatever size.

    Raises: InputError when it is of a type whose sizes are not judged here.
    """
    if card.type == TF_HUB:
        return card.architecture
    kind = card.architecture.get("model_type")
    encoder_limits.require_text_encoder(kind, file, RESTORE)
    with importing("transformers"):
        from transformers import AutoConfig
    return {**AutoConfig.for_model(kind).to_dict(), **card.architecture}


def load_weights(model: Any, path: Path) -> None:
    """Loads `path` into `model`. Raises: InputError when it is missing, cut short, or of another architecture."""
    if not path.is_file():  # HDF5 would wait at a pipe for ever
        raise _unfit(path, "no such file")
    try:
        hdf5_file.require_plain(path)
        model.load_weights(str(path))
    except WEIGHT_ERRORS as error:
        raise _unfit(path, " ".join(str(error).split())[:200]) from None
    import numpy as np

    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():  # XLA's arithmetic may even hide it, so that it would be served
            raise _unfit(path, f"a value that is no number, in {weight.name}")


def _unfit(weights: Path, reason: str) -> InputError:
    return InputError(
        "the weights of a model must be whole and fit its model.json",
        found=f"{weights}: {reason}",
        do=RESTORE,
    )


def require_no_model(output: Path) -> None:
    """Raises: InputError when `output` holds a model."""
    if not (output / CARD).is_file():
        return
    try:
        card = read_card(output)
        found = f"{card.name}, trained on {card.data.rows or 'an unknown number of'} rows"
    except InputError as error:
        found = error.found
    raise InputError(
        f"{output} must not hold another model", found=found, do="Name another --output, or add --replace."
    )


def require_replaceable(output: Path) -> None:
    """Raises: InputError when `output` holds something other than a model, which must not be deleted."""
    if not output.exists() or (output / CARD).is_file():
        return
    if output.is_dir() and not any(output.iterdir()):
        return
    raise InputError(
        "the output must be a new folder or a model folder",
        found=f"something else at {output}",
        do="Name another --output.",
    )
