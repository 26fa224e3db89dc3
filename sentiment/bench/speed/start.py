"""The model that all begin with, written as our model folder and as Hugging Face's, with the same weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import checkpoint, folder, vocabulary
from sentiment.model.folder import OpenedModel
from sentiment.model.model_type import CUSTOM
from sentiment.options.training import LONGEST_SEQUENCE
from sentiment.pretraining.encoder_folder import TOKENIZER, weights_of, write_weights
from sentiment.results.model_card import ModelCard, TrainedOn

MOST_HEADS = 12  # as in BERT-base


@dataclass(frozen=True)
class Shape:
    """A BERT: how many layers of which width, and how many rows its table of pieces has at least."""

    layers: int
    width: int
    pieces: int

    @property
    def heads(self) -> int:
        return next(heads for heads in range(MOST_HEADS, 0, -1) if self.width % heads == 0)

    def architecture(self, pieces: int) -> dict[str, Any]:
        """Returns the settings of the encoder, for transformers; the rest is as in BERT."""
        return {
            "model_type": "bert",
            "vocab_size": max(self.pieces, pieces),
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": 4 * self.width,
            "max_position_embeddings": LONGEST_SEQUENCE,
            "pooling": "cls",
        }


def begin(shape: Shape, pieces: list[str], labels: Labels, max_seq_length: int, seed: int) -> OpenedModel:
    """Returns a model of random weights over these pieces."""
    from sentiment.model import classifier
    from sentiment.model.tokenizer import Tokenizer
    from sentiment.tensorflow_setup import keras

    keras.utils.set_random_seed(seed)
    architecture = shape.architecture(len(pieces))
    model = classifier.build(CUSTOM, architecture, labels=len(labels), dropout=0.1)
    card = ModelCard(
        type=CUSTOM,
        name=f"{shape.layers}x{shape.width}",
        architecture=architecture,
        labels=list(labels.names),
        labels_english=list(labels.english),
        max_seq_length=max_seq_length,
        lower_case=True,
        dropout=0.1,
        versions=folder.installed_versions(),
        data=TrainedOn(),
        parameters=model.count_params(),
        vocabulary=len(pieces),
        titles=False,
    )
    return OpenedModel(model, Tokenizer(pieces, max_seq_length=max_seq_length, lower_case=True), card, pieces)


def write_ours(place: Path, opened: OpenedModel) -> None:
    """Writes a model folder."""
    with atomic.replacing_folder(place) as made:
        folder.write_model(made, opened)


def write_theirs(place: Path, opened: OpenedModel) -> None:
    """Writes what transformers' BertForSequenceClassification reads. Raises: InputError for another kind of model."""
    card = opened.card
    if card.type != CUSTOM or card.architecture.get("model_type") != "bert" or _pooling(card) != "cls":
        raise InputError(
            "the model must be a BERT with its own pooler, which PyTorch's BertForSequenceClassification has, too",
            found=f"a {card.type} model {card.name}, a {card.architecture.get('model_type')} that pools by the "
            f"{_pooling(card)}",
            do="Name another model, or leave out --model.",
        )
    [encoder] = [layer for layer in opened.keras.layers if hasattr(layer, "config")]
    kernel, bias = opened.keras.get_layer("probabilities").get_weights()
    weights = {f"bert.{name.removeprefix('bert.')}": value for name, value in weights_of(encoder, np.float32).items()}
    weights |= {"classifier.weight": np.ascontiguousarray(kernel.T), "classifier.bias": bias}
    settings = {key: value for key, value in card.architecture.items() if key != "pooling"}
    names = {str(number): name for number, name in enumerate(card.labels)}
    config = {
        **settings,
        "architectures": ["BertForSequenceClassification"],
        "classifier_dropout": card.dropout,
        "id2label": names,
        "label2id": {name: int(number) for number, name in names.items()},
    }
    with atomic.replacing_folder(place) as made:
        atomic.write_json(made / checkpoint.CONFIG, config)
        own = {"do_lower_case": card.lower_case, "model_max_length": card.max_seq_length}
        atomic.write_json(made / checkpoint.TOKENIZER, {**TOKENIZER, **own})
        vocabulary.write(made / checkpoint.VOCABULARY, opened.pieces)
        write_weights(made / checkpoint.WEIGHTS[0], weights)


def _pooling(card: ModelCard) -> str:
    return str(card.architecture.get("pooling", "cls"))
