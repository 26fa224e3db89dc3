"""What a model folder says of itself in `model.json`, and what its training rows were."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.labels import Labels
from sentiment.results.deliveries import SeenSlice, TestFiles, UsedDelivery
from sentiment.results.encoders import EncoderPin
from sentiment.results.pretraining import Counted
from sentiment.results.record import Count, Record

FORMAT = 1
COLDEST, HOTTEST = 0.1, 10.0  # the least and the largest temperature
Temperature = Annotated[float, msgspec.Meta(ge=COLDEST, le=HOTTEST)]


class TrainedOn(Record, frozen=True):
    """Where a model's training rows came from, in model.json and in the history; lists go by label id.

    What a training did not know is left out: one outside a run knows the rows, and no delivery.
    """

    fingerprint: str | UnsetType | None = UNSET  # sha256 of the training file
    rows: int | UnsetType = UNSET
    per_label: list[int] | UnsetType = UNSET
    watermark: int | UnsetType = UNSET  # the delivery up to which it has seen everything
    run: str | UnsetType = UNSET
    mode: str | UnsetType = UNSET  # full or warm
    warm_from: int | UnsetType | None = UNSET  # the version that it was trained on from
    partial: bool | UnsetType = UNSET  # whether a person limited the run to some days or sources
    seen: list[SeenSlice] | UnsetType = UNSET  # beyond the watermark
    used: list[UsedDelivery] | UnsetType = UNSET
    tests: TestFiles | UnsetType = UNSET

    @property
    def ancestor(self) -> int | None:
        """The version that it was trained on from; None when there is none, or none is known."""
        return self.warm_from or None


class Trained(Record, frozen=True):
    """Of a model.json only what the model was trained on."""

    data: TrainedOn = TrainedOn()


class CardFormat(Record, frozen=True):
    """Of which format a model.json is, whatever else it says."""

    format: int | None = None


class Teaching(Record, frozen=True, kw_only=True):
    """Whose answers a student learned, and to which posts."""

    teacher: str  # its model folder
    version: int | UnsetType = UNSET  # its number; left out when a folder was named
    name: str  # of the model that it began as
    parameters: Count
    sha256: str  # of what decides its answers: weights, pieces and card
    corpus: Counted  # no post is held out of it
    posts: Count  # that it answered for the student; labelled ones, and those over a limit, are not among them
    temperature: float  # by which its logits and the student's were divided
    labelled: Count  # rows that people labelled, which the student learned too
    labelled_weight: float  # how much one of them counts, beside one of the posts


class ModelCard(Record, frozen=True, kw_only=True):
    """All that is needed, with the weights and the vocabulary, to build the model again."""

    format: int = FORMAT
    type: str
    name: str
    architecture: dict[str, Any]  # as the encoder's own library writes it
    labels: list[str]
    labels_english: list[str]
    max_seq_length: int  # in pieces
    lower_case: bool
    dropout: float
    versions: dict[str, str]  # of the libraries that trained it
    data: TrainedOn
    parameters: int
    vocabulary: int  # in pieces
    encoder: EncoderPin | UnsetType = UNSET  # one from scratch has none, nor has an older model
    temperature: Temperature = 1.0  # by which the logits are divided; an older model has none
    teaching: Teaching | UnsetType = UNSET  # left out of a model that learned labels alone
    titles: bool | UnsetType = UNSET  # whether a row that it was trained on had a title; an older model does not say

    @property
    def label_set(self) -> Labels:
        return Labels(tuple(self.labels), tuple(self.labels_english))

    @property
    def reads_titles(self) -> bool:
        """Whether a title is part of what it answers to; an older model, which does not say, reads them as it did."""
        return self.titles is not False
