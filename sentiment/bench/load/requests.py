"""Makes the requests of a load test, once and as bytes: a PredictRequest for gRPC, a JSON body for REST."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TEXT, IDS = "text", "ids"
SIGNATURES = {TEXT: "text", IDS: "serving_default"}
MOST = 500  # different requests, which are sent in turn
PIECE = 1  # stands for any piece of a text: the piece makes no difference to the time


def batches(texts: Sequence[str], rows: int, most: int = MOST) -> list[list[str]]:
    """Returns different requests of `rows` texts each, taken in order; the last one may start over with the first."""
    number = max(1, min(most, -(-len(texts) // rows)))
    return [[texts[(start + row) % len(texts)] for row in range(rows)] for start in range(0, number * rows, rows)]


def inputs_of(
    signature: str, texts: Sequence[str], max_seq_length: int, *, padded: bool = False
) -> dict[str, NDArray[Any]]:
    """Returns the inputs of one request. Ids are [B, L] int32, as long as the texts, with one piece per character.

    With `padded` all rows are as long as the longest may be, which the older tool did.
    """
    if signature == TEXT:
        return {"text": np.array([text.encode("utf-8") for text in texts], object)}
    lengths = [min(len(text) + 2, max_seq_length) for text in texts]
    mask = (
        np.arange(max_seq_length if padded else max(lengths))[np.newaxis] < np.array(lengths)[:, np.newaxis]
    ).astype(np.int32)
    return {"input_ids": mask * np.int32(PIECE), "input_mask": mask, "segment_ids": np.zeros_like(mask)}


def grpc_request(model: str, label: str, signature: str, inputs: dict[str, NDArray[Any]]) -> bytes:
    """Returns a serialised PredictRequest for the version that `label` means."""
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, SIGNATURES[signature]
    request.model_spec.version_label = label
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    serialised: bytes = request.SerializeToString()
    return serialised


def rest_body(signature: str, inputs: dict[str, NDArray[Any]]) -> bytes:
    """Returns the JSON body: the row format for texts, the column format for ids."""
    name = SIGNATURES[signature]
    if signature == TEXT:
        content: dict[str, Any] = {"signature_name": name, "instances": [text.decode() for text in inputs["text"]]}
    else:
        content = {"signature_name": name, "inputs": {key: value.tolist() for key, value in inputs.items()}}
    return json.dumps(content, ensure_ascii=False).encode("utf-8")


def rest_url(address: str, model: str, label: str) -> str:
    """Returns the REST address for requests to a label."""
    return f"{address}/v1/models/{model}/labels/{label}:predict"
