"""Fine-tunes as the older tool did: TensorFlow, Keras' own loop, every post padded to the longest length, float32."""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", HF_HUB_OFFLINE="1", USE_TORCH="0")

import numpy as np
import tensorflow as tf
import tf_keras
from transformers import BertTokenizerFast, TFBertForSequenceClassification

Arrays = tuple[dict[str, Any], Any]


def read(path: str, job: dict[str, Any]) -> Arrays:
    """Returns int32 [rows, max_seq_length] for each input, and the labels [rows]."""
    with Path(path).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    tokenizer = BertTokenizerFast.from_pretrained(job["model"])
    length = job["max_seq_length"]
    texts = [row["text"] for row in rows]
    encoded = tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="np")
    inputs = {name: encoded[name].astype(np.int32) for name in ("input_ids", "attention_mask", "token_type_ids")}
    return inputs, np.array([int(row["label"]) for row in rows], np.int32)


def train(job: dict[str, Any], seed: int) -> dict[str, Any]:
    """Returns the seconds of the training loop, and the accuracy on the test rows."""
    tf_keras.utils.set_random_seed(seed)
    (inputs, labels), (test, true) = read(job["train"], job), read(job["test"], job)
    model = TFBertForSequenceClassification.from_pretrained(job["model"])
    loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf_keras.optimizers.Adam(job["learning_rate"]), loss=loss, metrics=["accuracy"])
    begin = time.perf_counter()
    model.fit(inputs, labels, batch_size=job["batch_size"], epochs=job["epochs"], verbose=0)
    seconds = time.perf_counter() - begin
    given = model.predict(test, batch_size=job["batch_size"], verbose=0).logits.argmax(axis=1)
    return {"seconds": seconds, "accuracy": float((given == true).mean())}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    tf.constant(0.0)
    print("answer {}", flush=True)
    for line in sys.stdin:
        print("answer", json.dumps(train(asked, json.loads(line)["seed"])), flush=True)
