"""One loaded version: its signatures, and the number of requests that use it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.model_server.admission import Admission
from sentiment.model_server.batching import batched
from sentiment.model_server.fair import Caller
from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.saved_graph import Run, SavedGraph
from sentiment.model_server.tensors import Array, check_inputs, check_rows, select_outputs
from sentiment.model_server.warm_up import replay
from sentiment.model_server.work import LARGEST_BATCH, MOST_ROWS, lengths_of, turns, work_of
from sentiment.tensorflow_setup import tf

DEFAULT_SIGNATURE = "serving_default"
OF_THE_LOADER = "__saved_model_"  # the prefix of signatures that are only for the loader


class Servable:
    """A version that can answer. Every user holds it (`with servable:`), and `close` waits for all of them."""

    def __init__(
        self,
        path: Path,
        batching: Batching | None = None,
        session_config: Any = None,
        admission: Admission | None = None,
    ) -> None:
        self._batching, self._admission = batching, admission or Admission()
        self._saved = SavedGraph(path, session_config)
        self.signature_defs = self._saved.signature_defs
        self.users = 0
        self._idle = threading.Condition()
        self._runs: dict[str, Run] = {}
        try:
            for name in self.signature_defs:
                if not name.startswith(OF_THE_LOADER):
                    self._runs[name] = self._prepare(name, batching)
        except BaseException:
            self.close()
            raise

    def _prepare(self, name: str, batching: Batching | None) -> Run:
        definition = self.signature_defs[name]
        if batching and definition.inputs:
            return batched(self._saved, name, batching)
        return self._saved.function(self._saved.tensors(definition.inputs), self._saved.tensors(definition.outputs))

    def signature(self, name: str) -> Any:
        """Returns a signature's definition. Raises: Refusal, FAILED_PRECONDITION, when there is none that is served."""
        if name not in self._runs:
            raise Refusal(Code.FAILED_PRECONDITION, f'Serving signature key "{quoted(name)}" not found.')
        return self.signature_defs[name]

    def run(
        self,
        signature: str,
        arrays: Mapping[str, Array],
        output_filter: Sequence[str] = (),
        caller: Caller = Caller(),  # noqa: B008 - it is a constant
    ) -> dict[str, Array]:
        """Returns the outputs of `signature` for `arrays`, when it is the caller's turn.

        Many rows, or long ones, take several turns, so that others need not wait for all of them. More than 1,024 are
        refused, whatever the graph would do with them; with a batch function, more than it takes.

        Raises:
            Refusal: FAILED_PRECONDITION for an unknown signature, INVALID_ARGUMENT for inputs that do not fit it, or
                are too many rows.
            tf.errors.OpError: what the graph itself answered.
        """
        definition = self.signature(signature)
        check_inputs(definition.inputs, arrays)
        if not self._batching:  # whose own limit is the operator's
            check_rows(definition.inputs, arrays, MOST_ROWS)
        wanted = select_outputs(sorted(definition.outputs), output_filter)
        found = [self._turn(signature, part, work, caller) for part, work in self._parts(definition, arrays)]
        outputs = found[0] if len(found) == 1 else _joined(found)
        return {name: _as_array(outputs[name], definition.outputs[name].dtype) for name in wanted}

    def _turn(self, signature: str, arrays: Mapping[str, Array], work: int, caller: Caller) -> dict[str, Array]:
        caller.require()  # where nobody waits, it is let in at once: also for a client that left in an earlier turn
        with self._admission.computing(caller, work):
            return self._runs[signature](arrays)

    def _parts(self, definition: Any, arrays: Mapping[str, Array]) -> list[tuple[Mapping[str, Array], int]]:
        """Returns what is computed in each turn, and its work."""
        lengths, limits = lengths_of(arrays), self._batching
        batch = limits.largest_batch if limits else LARGEST_BATCH
        whole = all(array.ndim and len(array) == len(lengths) for array in arrays.values())
        few = limits is None or (limits.split_large and len(lengths) <= limits.max_batch_size)
        splits = whole and few and len(lengths) > 1
        if not (splits and all(map(_has_rows, definition.outputs.values()))):
            return [(arrays, work_of(lengths))]
        parts = list(turns(lengths, batch))
        if len(parts) == 1:
            return [(arrays, work_of(lengths))]
        return [({name: array[rows] for name, array in arrays.items()}, work_of(lengths[rows])) for rows in parts]

    def __enter__(self) -> Servable:
        with self._idle:
            self.users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._idle:
            self.users -= 1
            self._idle.notify_all()

    def close(self) -> None:
        """Waits until nobody uses it, then frees the model's memory."""
        with self._idle:
            self._idle.wait_for(lambda: self.users == 0)
        self._runs.clear()
        self._saved.close()


def load_servable(
    path: Path,
    *,
    batching: Batching | None = None,
    session_config: Any = None,
    warm_up: bool = True,
    admission: Admission | None = None,
) -> Servable:
    """Loads a version folder and replays its warm-up requests; if a record fails, the load fails."""
    servable = Servable(path, batching, session_config, admission)
    try:
        if warm_up:
            replay(path, servable.run, DEFAULT_SIGNATURE)
    except BaseException:
        servable.close()
        raise
    return servable


def _has_rows(info: Any) -> bool:
    shape = info.tensor_shape
    return not shape.unknown_rank and len(shape.dim) > 0 and shape.dim[0].size == -1


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _as_array(value: object, kind: int) -> Array:
    """Returns what a session answered as an array; of a scalar it answers the bare value."""
    if isinstance(value, np.ndarray):
        return value
    return np.asarray(value, object if kind == tf.string.as_datatype_enum else None)
