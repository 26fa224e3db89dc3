"""Our side of a comparison, in a process of its own: `python -m sentiment.bench.speed.own JOB`.

It trains and predicts by the functions behind `sentiment train` and `sentiment predict`. The job says which, and how;
each line of stdin asks for it once, and the answer is one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sentiment.data.posts import read_posts
from sentiment.settings import read_settings
from sentiment.training.hyperparameters import Hyperparameters
from sentiment.training.training_files import Files

Work = Callable[[Mapping[str, Any]], dict[str, Any]]


def training(job: Mapping[str, Any]) -> Work:
    """Returns what trains from the job's model folder, each time with another seed, and tests the result."""
    from sentiment.model.folder import read_card
    from sentiment.training.training import train

    labels, card = read_settings().label_set, read_card(Path(job["model"]))

    def work(question: Mapping[str, Any]) -> dict[str, Any]:
        output = Path(job["output"])
        files = Files(Path(job["train"]), Path(job["test"]), output, Path(job["model"]))
        settings = Hyperparameters(
            card.type,
            card.name,
            job["learning_rate"],
            job["epochs"],
            batch_size=job["batch_size"],
            max_seq_length=job["max_seq_length"],
            dropout_rate=card.dropout,
            seed=question["seed"],
            validation_share=0.0,
        )
        found = train(files, settings, labels)
        assert found.test
        return {"seconds": found.seconds, "accuracy": found.test.accuracy, "precision": found.precision}

    return work


def predicting(job: Mapping[str, Any]) -> Work:
    """Returns what answers the job's posts, as `sentiment predict` does."""
    from sentiment.evaluation.predict import predictions, scorer_of
    from sentiment.model.folder import open_model

    opened = open_model(Path(job["model"]))
    scorer = scorer_of(opened)
    posts = read_posts(Path(job["test"]), opened.card.label_set)

    def work(_: Mapping[str, Any]) -> dict[str, Any]:
        given = [int(chances.argmax()) for _, chances in predictions(opened, posts, scorer)]
        right = sum(answer == post.label for answer, post in zip(given, posts, strict=True))
        return {"accuracy": right / len(posts), "answers": given}

    return work


def rounding(job: Mapping[str, Any]) -> Work:
    """Returns what answers the job's posts by an export with 8-bit products, which is made of the job's model.

    It is what a model server loads, and has as many threads as there.
    """
    from sentiment.export import int8
    from sentiment.export.parity import answers
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model
    from sentiment.model_server.work import share_of
    from sentiment.tensorflow_setup import tf

    tf.config.threading.set_intra_op_parallelism_threads(share_of(len(os.sched_getaffinity(0))))
    opened, folder = open_model(Path(job["model"])), str(Path(job["folder"]) / "8-bits")
    posts = read_posts(Path(job["test"]), opened.card.label_set)
    int8.save(opened, encode(opened.tokenizer, posts), Path(folder))
    ask = tf.saved_model.load(folder).signatures["serving_default"]

    def work(_: Mapping[str, Any]) -> dict[str, Any]:
        encoded = encode(opened.tokenizer, posts)
        chances = answers(lambda inputs: ask(**inputs)["probabilities"], encoded, opened.card.max_seq_length)
        given = chances.argmax(axis=1)
        return {"accuracy": float((given == encoded.labels).mean()), "answers": given.tolist()}

    return work


WORKS = {"train": training, "predict": predicting, "predict in 8 bits": rounding}


def main() -> None:
    from sentiment import tensorflow_setup  # noqa: F401 - start-up is no part of the work

    job = json.loads(sys.argv[1])
    work = WORKS[job["what"]](job)
    print("answer {}", flush=True)
    for line in sys.stdin:
        print("answer", json.dumps(work(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
