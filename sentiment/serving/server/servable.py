"""One loaded SavedModel: its signatures, its warm-up, and how many requests are in it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.core.protobuf import saved_model_pb2

from sentiment.model.tensorflow_setup import tf
from sentiment.serving.server.batching import Batching, batched
from sentiment.serving.server.refusal import Code, Refusal
from sentiment.serving.server.tensors import Array, check_inputs, select_outputs
from sentiment.serving.server.warmup import warmup_requests

DEFAULT_SIGNATURE = "serving_default"
SERVE_TAG = "serve"


class Servable:
    """A version that can answer. Whoever uses it holds it (`with servable:`); `close` waits for all of them."""

    def __init__(self, path: Path, batching: Batching | None = None) -> None:
        self.signature_defs = _read_signature_defs(path)
        self._model: Any = tf.saved_model.load(str(path), tags=[SERVE_TAG])
        self._runs: dict[str, Callable[[Mapping[str, Array]], Mapping[str, Any]]] = {
            name: self._prepare(name, function, batching) for name, function in self._model.signatures.items()
        }
        self.users = 0
        self._idle = threading.Condition()

    def _prepare(self, name: str, function: Any, batching: Batching | None) -> Any:
        infos = self.signature_defs[name].inputs
        if batching and infos:
            return batched(function, infos, batching)
        return lambda arrays: function(**{key: tf.constant(value) for key, value in arrays.items()})

    def run(self, signature: str, arrays: Mapping[str, Array], output_filter: Sequence[str] = ()) -> dict[str, Array]:
        """Returns the outputs of `signature` for `arrays`.

        Raises:
            Refusal: FAILED_PRECONDITION for an unknown signature, INVALID_ARGUMENT for inputs that do not fit it.
            tf.errors.OpError: what the graph itself answered.
        """
        if signature not in self._runs:
            raise Refusal(Code.FAILED_PRECONDITION, f'Serving signature key "{signature}" not found.')
        definition = self.signature_defs[signature]
        check_inputs(definition.inputs, arrays)
        wanted = select_outputs(sorted(definition.outputs), output_filter)
        outputs = self._runs[signature](arrays)
        return {name: _as_array(outputs[name]) for name in wanted}

    def __enter__(self) -> Servable:
        with self._idle:
            self.users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._idle:
            self.users -= 1
            self._idle.notify_all()

    def close(self) -> None:
        """Waits until nobody uses it, then lets the model's memory go."""
        with self._idle:
            self._idle.wait_for(lambda: self.users == 0)
        self._runs.clear()
        self._model = None
        gc.collect()  # a loaded SavedModel is full of reference cycles


def load_servable(path: Path, batching: Batching | None = None) -> Servable:
    """Loads a version folder and replays its warm-up requests; any record that fails, fails the load."""
    servable = Servable(path, batching)
    for position, (signature, arrays, output_filter) in enumerate(warmup_requests(path)):
        try:
            servable.run(signature or DEFAULT_SIGNATURE, arrays, output_filter)
        except (Refusal, tf.errors.OpError) as error:
            servable.close()
            code = error.code if isinstance(error, Refusal) else Code.INVALID_ARGUMENT
            raise Refusal(code, f"warm-up request {position} failed: {error}") from error
    return servable


def _read_signature_defs(path: Path) -> dict[str, Any]:
    file = path / "saved_model.pb"
    if not file.is_file():
        raise Refusal(Code.NOT_FOUND, f"Could not find SavedModel .pb at supplied export directory path: {path}")
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in saved_model.meta_graphs:
        if SERVE_TAG in graph.meta_info_def.tags:
            return dict(graph.signature_def)
    raise Refusal(Code.NOT_FOUND, f"Could not find meta graph def matching supplied tags: {{ {SERVE_TAG} }} in {path}")


def _as_array(tensor: Any) -> Array:
    value = tensor.numpy()
    return value if isinstance(value, np.ndarray) else np.asarray(value, object if tensor.dtype == tf.string else None)
