"""The model that a training starts from: a warm start, a pretrained encoder, or a random one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import encoder, folder, vocabulary
from sentiment.model.folder import ModelCard, OpenedModel, open_model
from sentiment.model.hyperparameters import Hyperparameters
from sentiment.model.training_files import Files, fingerprint


def starting_point(files: Files, settings: Hyperparameters, labels: Labels, posts: Sequence[Post]) -> OpenedModel:
    """Returns the model to train: the warm start, a pretrained encoder, or a random one over the posts' own pieces."""
    from sentiment.model import classifier
    from sentiment.model.tensorflow_setup import keras
    from sentiment.model.tokenizer import Tokenizer

    classifier.require_known_type(settings.model_type)
    keras.utils.set_random_seed(settings.seed)
    if files.warm_start:
        opened = open_model(files.warm_start)
        require_same_labels(opened.card, labels, files.warm_start)
        model, pieces, lower_case, architecture = (
            opened.keras,
            opened.pieces,
            opened.card.lower_case,
            opened.card.architecture,
        )
    else:
        source = _source(settings.model_name, files.vocabulary, posts)
        pieces, lower_case, architecture = source.pieces, source.lower_case, source.architecture
        model = classifier.build(
            settings.model_type,
            architecture,
            labels=len(labels),
            dropout=settings.dropout_rate,
            weights=source.pretrained,
        )
    card = ModelCard(
        type=settings.model_type,
        name=settings.model_name,
        architecture=architecture,
        labels=list(labels.names),
        labels_english=list(labels.english),
        max_seq_length=settings.max_seq_length,
        lower_case=lower_case,
        dropout=settings.dropout_rate,
        versions=folder.installed_versions(),
        data={"fingerprint": fingerprint(files.train), "rows": len(posts), **_per_label(posts, labels), **files.data},
        parameters=model.count_params(),
        vocabulary=len(pieces),
    )
    tokenizer = Tokenizer(pieces, max_seq_length=settings.max_seq_length, lower_case=lower_case)
    return OpenedModel(model, tokenizer, card, pieces)


def _source(name: str, vocabulary_file: Path | None, posts: Sequence[Post]) -> encoder.Source:
    if not encoder.is_scratch(name):
        return encoder.pretrained(name, vocabulary_file)
    if vocabulary_file:
        return encoder.scratch(name, vocabulary.read(vocabulary_file))
    return encoder.scratch(name, vocabulary.build(f"{post.title} {post.text}" for post in posts))


def _per_label(posts: Sequence[Post], labels: Labels) -> dict[str, list[int]]:
    counts = Counter(post.label for post in posts)
    return {"per_label": [counts[label] for label in range(len(labels))]}


def require_same_labels(card: ModelCard, labels: Labels, path: Path) -> None:
    if tuple(card.labels) != labels.names:
        raise InputError(
            f"a model to go on from must have the labels {'、'.join(labels.names)}",
            found=f"{'、'.join(card.labels)} in {path}",
            do="Train from the start, or mend SENTIMENT_LABELS.",
        )
