"""Answers posts sorted by length, in batches: by PyTorch, by ONNX Runtime (float32 or int8), or by OpenVINO."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", USE_TF="0", USE_TORCH="1", TOKENIZERS_PARALLELISM="true")

import numpy as np
import torch
from transformers import BertForSequenceClassification, BertTokenizerFast

NAMES = ("input_ids", "attention_mask", "token_type_ids")
Batch = dict[str, Any]
Answer = Callable[[Batch], Any]  # logits [rows, labels] of int64 [rows, pieces]


def by_torch(job: dict[str, Any]) -> Answer:
    """Returns PyTorch's forward pass; with `bfloat16` under autocast."""
    model = BertForSequenceClassification.from_pretrained(job["model"]).eval()

    def answer(batch: Batch) -> Any:
        inputs = {name: torch.from_numpy(value) for name, value in batch.items()}
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=job["bfloat16"]):
            return model(**inputs).logits.float().numpy()

    return answer


def exported(job: dict[str, Any], name: str) -> Path:
    """Returns the ONNX file of the model, which is made anew: any number of rows and of pieces."""
    model = BertForSequenceClassification.from_pretrained(job["model"], attn_implementation="eager").eval()
    path = Path(job["folder"]) / f"{name}.onnx"
    example = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in NAMES)
    axes = {name: {0: "rows", 1: "pieces"} for name in NAMES}
    torch.onnx.export(
        model, example, str(path), input_names=list(NAMES), output_names=["logits"], dynamic_axes=axes, dynamo=False
    )
    return path


def by_onnx(job: dict[str, Any]) -> Answer:
    """Returns ONNX Runtime's session; with `int8`, of weights that its own tool made int8 (dynamic quantisation)."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = exported(job, "int8-from" if job["int8"] else "float32")
    if job["int8"]:
        quantize_dynamic(path, path.with_name("int8.onnx"), weight_type=QuantType.QInt8)
        path = path.with_name("int8.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(None, batch)[0]


def by_openvino(job: dict[str, Any]) -> Answer:
    """Returns OpenVINO's compiled model, as it chooses its arithmetic by itself."""
    import openvino

    compiled = openvino.Core().compile_model(openvino.convert_model(exported(job, "openvino")), "CPU")
    return lambda batch: compiled(batch)[0]


ENGINES = {"torch": by_torch, "onnx": by_onnx, "openvino": by_openvino}


def predict(answer: Answer, texts: list[str], tokenizer: Any, job: dict[str, Any]) -> list[int]:
    """Returns the likeliest label of each text."""
    encoded = tokenizer(texts, truncation=True, max_length=job["max_seq_length"])
    lengths = [len(ids) for ids in encoded["input_ids"]]
    order = sorted(range(len(texts)), key=lengths.__getitem__)
    found = np.zeros(len(texts), np.int64)
    for start in range(0, len(order), job["batch_size"]):
        rows = order[start : start + job["batch_size"]]
        batch = tokenizer.pad({name: [encoded[name][row] for row in rows] for name in NAMES}, return_tensors="np")
        found[rows] = answer({name: batch[name].astype(np.int64) for name in NAMES}).argmax(axis=1)
    return [int(label) for label in found]


def main() -> None:
    job = json.loads(sys.argv[1])
    tokenizer = BertTokenizerFast.from_pretrained(job["model"])
    answer = ENGINES[job["engine"]](job)
    with Path(job["test"]).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    texts, true = [row["text"] for row in rows], [int(row["label"]) for row in rows]
    print("answer {}", flush=True)
    for _ in sys.stdin:
        given = predict(answer, texts, tokenizer, job)
        right = sum(one == other for one, other in zip(given, true, strict=True))
        print("answer", json.dumps({"accuracy": right / len(true), "answers": given}), flush=True)


if __name__ == "__main__":
    main()
