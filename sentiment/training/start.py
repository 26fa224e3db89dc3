"""The model that a training starts from: a warm start, a pretrained encoder, or a random one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType, structs

from sentiment.data.tsv import Post
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import encoder, folder, hub_address, hub_encoder, pinned, vocabulary
from sentiment.model.folder import OpenedModel, open_model
from sentiment.model.model_type import TF_HUB, require_known_type
from sentiment.results.encoders import EncoderPin
from sentiment.results.model_card import ModelCard, TrainedOn
from sentiment.step import say
from sentiment.training.hyperparameters import Hyperparameters
from sentiment.training.training_files import Files


def require_possible(files: Files, settings: Hyperparameters, labels: Labels) -> None:
    """Raises: the InputErrors of `starting_point` that can be found without loading TensorFlow, which takes seconds."""
    require_known_type(settings.model_type)
    name = pinned.name_of(settings.model_name)
    pinned.digest_in(settings.model_name)
    if files.warm_start:
        card = folder.read_card(files.warm_start)
        require_same_labels(card, labels, files.warm_start)
        encoder.require_room(card.architecture, card.name, settings.max_seq_length)
        return
    hub_address.require_safe_address(name)
    if settings.model_type == TF_HUB:
        hub_address.require_nameable(name)
    elif encoder.is_scratch(name):
        encoder.require_scratch_name(settings.model_name)
    else:
        encoder.require_room(encoder.pretrained(name, files.vocabulary).architecture, name, settings.max_seq_length)


def starting_point(files: Files, settings: Hyperparameters, labels: Labels, posts: Sequence[Post]) -> OpenedModel:
    """Returns the model to train: the warm start, a pretrained encoder, or a random one over the posts' own pieces.

    Raises: InputError when the type is unknown, the encoder is unavailable or unsuitable, or rows are too long.
    """
    require_possible(files, settings, labels)
    begin = _go_on if files.warm_start else _begin
    start = begin(files, settings, labels, posts)
    if start.encoder is not None:
        hub_encoder.require_fit(start.keras, settings.model_name, len(start.pieces), settings.max_seq_length)
    return start


def _begin(files: Files, settings: Hyperparameters, labels: Labels, posts: Sequence[Post]) -> OpenedModel:
    pin = pinned.of(settings.model_type, settings.model_name)
    if pin:
        require_pinned(pin, files, settings)
    source = _source(settings, files.vocabulary, posts)
    encoder.require_room(source.architecture, settings.model_name, settings.max_seq_length)
    from sentiment.model import classifier
    from sentiment.tensorflow_setup import keras

    keras.utils.set_random_seed(settings.seed)
    model = classifier.build(
        settings.model_type,
        source.architecture,
        labels=len(labels),
        dropout=settings.dropout_rate,
        weights=source.pretrained,
    )
    return _opened(model, source, files, settings, labels, posts, pin or UNSET)


def require_pinned(pin: EncoderPin, files: Files, settings: Hyperparameters) -> None:
    """Raises: InputError when stable, or the model that this training replaces, had another encoder of that name."""
    folders = [one for one in (files.served, files.output) if one and (one / folder.CARD).is_file()]
    earlier = [(one, card) for one in folders if (card := _card_or_none(one))]
    pinned.require_same(pin, settings.model_type, settings.model_name, earlier)


def _card_or_none(model: Path) -> ModelCard | None:
    try:
        return folder.read_card(model)
    except InputError as error:
        say(f"train: the encoder cannot be compared with that of {model}: {error.found}")
        return None


def _go_on(files: Files, settings: Hyperparameters, labels: Labels, posts: Sequence[Post]) -> OpenedModel:
    assert files.warm_start is not None
    from sentiment.tensorflow_setup import keras

    keras.utils.set_random_seed(settings.seed)
    opened = open_model(files.warm_start, dropout=settings.dropout_rate)
    source = encoder.Source(opened.card.architecture, opened.pieces, opened.card.lower_case, opened.encoder)
    before = opened.card
    start = _opened(opened.keras, source, files, settings, labels, posts, before.encoder, before.titles)
    return replace(start, card=structs.replace(start.card, temperature=before.temperature))


def _opened(
    model: Any,
    source: encoder.Source,
    files: Files,
    settings: Hyperparameters,
    labels: Labels,
    posts: Sequence[Post],
    pin: EncoderPin | UnsetType,
    before: bool | UnsetType = False,
) -> OpenedModel:
    """`before`: whether the model of a warm start was trained with titles."""
    from sentiment.model.tokenizer import Tokenizer

    card = ModelCard(
        type=settings.model_type,
        name=pinned.name_of(settings.model_name),
        architecture=source.architecture,
        labels=list(labels.names),
        labels_english=list(labels.english),
        max_seq_length=settings.max_seq_length,
        lower_case=source.lower_case,
        dropout=settings.dropout_rate,
        versions=folder.installed_versions(),
        data=trained_on(files, posts, labels),
        parameters=model.count_params(),
        vocabulary=len(source.pieces),
        encoder=pin,
        titles=_with_titles(posts) or before,
    )
    tokenizer = Tokenizer(
        source.pieces,
        max_seq_length=settings.max_seq_length,
        lower_case=source.lower_case,
        untitled=None if card.reads_titles else str(files.output),
    )
    saved_model = source.pretrained if settings.model_type == TF_HUB else None
    return OpenedModel(model, tokenizer, card, source.pieces, saved_model)


def _with_titles(posts: Sequence[Post]) -> bool:
    """Tells whether any of the rows has a title, and says how many have."""
    titled = sum(1 for post in posts if post.title)
    if titled:
        say(f"train: {titled:,} of {len(posts):,} rows have a title, which the model reads before the text")
    return titled > 0


def _source(settings: Hyperparameters, vocabulary_file: Path | None, posts: Sequence[Post]) -> encoder.Source:
    name = pinned.name_of(settings.model_name)
    if settings.model_type == TF_HUB:
        return hub_encoder.source(name, vocabulary_file)
    if not encoder.is_scratch(name):
        return encoder.pretrained(name, vocabulary_file)
    if vocabulary_file:
        return encoder.scratch(name, vocabulary.read(vocabulary_file))
    return encoder.scratch(name, vocabulary.build(f"{post.title} {post.text}" for post in posts))


def trained_on(files: Files, posts: Sequence[Post], labels: Labels) -> TrainedOn:
    """Returns what the run says of its rows, or else what can be seen of the training file."""
    counts = Counter(post.label for post in posts)
    data = structs.replace(files.data, per_label=[counts[label] for label in range(len(labels))])
    if files.data.fingerprint:
        return data
    return structs.replace(data, fingerprint=sha256_of(files.train) if files.train else UNSET, rows=len(posts))


def require_same_labels(
    card: ModelCard, labels: Labels, path: Path, whose: str = "a warm start", do: str = "Train without a warm start"
) -> None:
    if tuple(card.labels) != labels.names:
        raise InputError(
            f"{whose} must have the labels {'、'.join(labels.names)}",
            found=f"{'、'.join(card.labels)} in {path}",
            do=f"{do}, or correct SENTIMENT_LABELS.",
        )
