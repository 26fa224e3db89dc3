"""Loads a SavedModel into its own session, as the real server does.

The session owns what the graph makes: variables, tables, the batch function's queues and threads. They end with it, so
that versions can come and go for ever. (TensorFlow 2's own loader leaves them to the process: 4 threads and 1 MB more
for each batched version with two signatures, and an answer takes several times as long.)
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.tensors import Array
from sentiment.tensorflow_setup import tf

SERVE_TAG = "serve"
Run = Callable[[Mapping[str, Array]], dict[str, Array]]
Tensors = Mapping[str, Any]  # name → symbolic tensor of the graph


class SavedGraph:
    """A loaded SavedModel: its graph, its signatures (name → SignatureDef), and functions that run parts of it."""

    def __init__(self, path: Path, session_config: Any = None) -> None:
        """Loads the version folder `path`; `session_config` is a ConfigProto. Raises: Refusal or tf.errors.OpError."""
        self.graph: Any = tf.Graph()
        self._session: Any = tf.compat.v1.Session(graph=self.graph, config=session_config)
        try:
            self.signature_defs = self._load(path)
        except BaseException:
            self.close()
            raise

    def _load(self, path: Path) -> dict[str, Any]:
        if not tf.saved_model.contains_saved_model(str(path)):  # session_bundle_util.cc says it so
            raise Refusal(
                Code.NOT_FOUND,
                "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
                f"`saved_model.pb`) Specified file path: {path}",
            )
        try:
            with self.graph.as_default():
                loaded = tf.compat.v1.saved_model.load(self._session, [SERVE_TAG], str(path))
        except RuntimeError as error:  # no graph with that tag
            raise Refusal(Code.NOT_FOUND, str(error)) from error
        except OSError as error:
            raise Refusal(Code.DATA_LOSS, str(error)) from error
        except ValueError as error:
            raise Refusal(Code.INVALID_ARGUMENT, str(error)) from error
        _require_seen(loaded)
        # Copies: a part of a message keeps all of it in memory, here the graph with its constants.
        return {name: _copy(definition) for name, definition in loaded.signature_def.items()}

    def tensors(self, infos: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the graph's tensors for a signature's inputs or outputs."""
        return {name: self.graph.get_tensor_by_name(info.name) for name, info in infos.items()}

    def function(self, inputs: Tensors, outputs: Tensors) -> Run:
        """Returns a function from arrays, one for each input, to arrays, one for each output.

        It raises tf.errors.OpError. Several threads may call it at once.
        """
        call = self._session._make_callable_from_options(
            _callable_options(inputs, outputs)
        )  # a tenth of the time of Session.run

        def run(arrays: Mapping[str, Array]) -> dict[str, Array]:
            return dict(zip(outputs, call(*(arrays[name] for name in inputs)), strict=True))

        return run

    def close(self) -> None:
        """Frees everything. Nobody may hold the functions any longer."""
        self._session.close()
        self._session = self.graph = None
        gc.collect()  # a graph in Python is full of reference cycles


def _require_seen(loaded: Any) -> None:
    """Raises: Refusal when a signature names what only TensorFlow's loader added, such as a saver, which writes files.

    The real server's graph has no such nodes: it says this sentence.
    """
    there = {node.name for node in loaded.graph_def.node}
    infos = [info for one in loaded.signature_def.values() for info in (*one.inputs.values(), *one.outputs.values())]
    for name in (info.name for info in infos if info.name and info.name.partition(":")[0] not in there):
        said = f"Tensor {quoted(name)}, specified in either feed_devices or fetch_devices was not found in the Graph"
        raise Refusal(Code.INVALID_ARGUMENT, said)


def _callable_options(inputs: Tensors, outputs: Tensors) -> Any:
    options = config_pb2.CallableOptions()
    options.feed.extend(tensor.name for tensor in inputs.values())
    options.fetch.extend(tensor.name for tensor in outputs.values())
    return options


def _copy(definition: Any) -> Any:
    copy = meta_graph_pb2.SignatureDef()
    copy.CopyFrom(definition)
    return copy
