"""Fine-tunes with Hugging Face's Trainer on PyTorch, posts of similar length together (`group_by_length`)."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", USE_TF="0", USE_TORCH="1", TOKENIZERS_PARALLELISM="true")

import numpy as np
import torch
import transformers
from transformers import BertForSequenceClassification, BertTokenizerFast, Trainer, TrainingArguments


def read(path: str, job: dict[str, Any], tokenizer: Any) -> list[dict[str, Any]]:
    """Returns the tokenised rows of a TSV; each batch is padded later, to its own longest row."""
    with Path(path).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=job["max_seq_length"])
    labels = [int(row["label"]) for row in rows]
    return [{name: encoded[name][row] for name in encoded} | {"labels": label} for row, label in enumerate(labels)]


def train(job: dict[str, Any], seed: int, output: str) -> dict[str, Any]:
    """Returns the seconds of the training loop, and the accuracy on the test rows."""
    tokenizer = BertTokenizerFast.from_pretrained(job["model"])
    train_rows, test_rows = (read(job[name], job, tokenizer) for name in ("train", "test"))
    arguments = TrainingArguments(
        output_dir=output,
        use_cpu=not torch.cuda.is_available(),
        bf16=job["bfloat16"],
        per_device_train_batch_size=job["batch_size"],
        per_device_eval_batch_size=64,
        num_train_epochs=job["epochs"],
        learning_rate=job["learning_rate"],
        warmup_ratio=0.1,
        max_grad_norm=1.0,
        group_by_length=True,
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(
        BertForSequenceClassification.from_pretrained(job["model"]),
        arguments,
        train_dataset=train_rows,
        processing_class=tokenizer,
    )
    done = trainer.train()
    given = trainer.predict(test_rows).predictions.argmax(axis=1)
    right = given == np.array([row["labels"] for row in test_rows])
    return {"seconds": done.metrics["train_runtime"], "accuracy": float(right.mean())}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    transformers.logging.set_verbosity_error()
    print("answer {}", flush=True)
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            print("answer", json.dumps(train(asked, json.loads(line)["seed"], folder)), flush=True)
