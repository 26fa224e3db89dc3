"""Loads an export in a process of its own, as a server does, and asks each of its signatures: some end the process.

TensorFlow ends over some of what a graph may say while it puts it in order, which no look at the graph finds. A model
server ends with all of its models then. An error in words is none of that: the server says it, too, and goes on.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sentiment import confinement, processes
from sentiment.errors import InputError

A_TEXT = "好".encode()


def require_survived(export: Path, seconds: float) -> None:
    """Raises: InputError when the export ends a process that loads and asks it, or takes longer than `seconds`.

    It runs what the export says: look at that first.
    """
    command = processes.python_module(__name__, str(export))
    quiet = subprocess.DEVNULL
    with tempfile.TemporaryDirectory(prefix="sentiment-") as private:  # TensorFlow makes files of its own in one
        environment = {**os.environ, "TMPDIR": private}
        child = processes.start(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise _ends_its_server(export, f"no end in {seconds:g} seconds (SENTIMENT_LOAD_TIMEOUT)") from None
        finally:
            processes.end(child)
    if code:
        raise _ends_its_server(export, processes.why_ended(code, []))


def _ends_its_server(export: Path, found: str) -> InputError:
    return InputError(
        "a process that loads an export and asks it must survive that",
        found=f"{found}, of {export}",
        do="Do not serve it. Make another one of the model with `sentiment export`.",
    )


def main(export: Path, confine: Callable[[], None] = lambda: None) -> int:
    """Does it here: loads the export with its warm-up requests, and asks each signature for as little as it takes.

    `confine` is called between TensorFlow's import, at which Keras reads a file of its user's, and the load.
    """
    from sentiment.model_server.servable import OF_THE_LOADER, load_servable

    confine()
    try:
        servable = load_servable(export)
    except Exception as error:  # noqa: BLE001 - whatever it is, the server says it and goes on
        print(error)
        return 0
    for name, definition in servable.signature_defs.items():
        if not name.startswith(OF_THE_LOADER):
            _ask(servable, name, definition.inputs)
    return 0


def _ask(servable: Any, signature: str, inputs: Mapping[str, Any]) -> None:
    try:
        servable.run(signature, {name: _smallest(info) for name, info in inputs.items()})
    except Exception as error:  # noqa: BLE001 - an answer in words, as a client would get it
        print(error)


def _smallest(info: Any) -> Any:
    """Returns the array of an input in which every open dimension is one. Raises: ValueError if it is too large."""
    import numpy as np

    from sentiment.model_server.tensors import MAX_TENSOR_BYTES, STRING
    from sentiment.tensorflow_setup import tf

    shape = [1 if dim.size < 0 else dim.size for dim in info.tensor_shape.dim]
    kind = tf.dtypes.as_dtype(info.dtype)
    if math.prod(shape) * max(kind.size or 1, 8) > MAX_TENSOR_BYTES:
        raise ValueError(f"no request can have a tensor of {shape}")
    return np.full(shape, A_TEXT, object) if info.dtype == STRING else np.ones(shape, kind.as_numpy_dtype)


if __name__ == "__main__":
    EXPORT = Path(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # of a crash, a core would be as large as the model
    sys.exit(main(EXPORT, lambda: confinement.alone([EXPORT.resolve()], [Path(tempfile.gettempdir())])))
