"""Serves an export by Ray Serve, as its guide says for a model of TensorFlow: a replica, and `serve.batch` for batches.

It is asked as ours is: `POST /v1/models/NAME/labels/LABEL:predict` with `{"instances": [text, …]}`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", RAY_USAGE_STATS_ENABLED="0")
os.environ.pop("TF_USE_LEGACY_KERAS", None)  # whoever starts this has a Keras that is not installed here
os.environ["RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S"] = "60"  # a busy machine takes longer than the usual 5

import ray
from ray import serve
from starlette.requests import Request

LARGEST, WAIT = 32, 0.002  # posts in a batch; seconds that a post waits for others
SIGNATURE = "text"
LONGEST_START = 300.0  # seconds


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Returns when somebody listens there. Raises: OSError when nobody does for long."""
    deadline = time.monotonic() + LONGEST_START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@serve.deployment(max_ongoing_requests=128)
class Served:
    """One replica, which loads the export once."""

    def __init__(self, export: str) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401 - it brings the operations of the tokenizer

        self._tf, self._loaded = tf, tf.saved_model.load(export)
        self._ask = self._loaded.signatures[SIGNATURE]

    @serve.batch(max_batch_size=LARGEST, batch_wait_timeout_s=WAIT)
    async def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """Answers the posts of several requests together."""
        found = self._ask(text=self._tf.constant(texts))
        rows = zip(found["label"].numpy(), found["label_id"].numpy(), found["probabilities"].numpy(), strict=True)
        return [
            {"label": label.decode(), "label_id": int(number), "probabilities": [float(share) for share in shares]}
            for label, number, shares in rows
        ]

    async def __call__(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        return {"predictions": [await self.predict(text) for text in body["instances"]]}


def main() -> None:
    job, port = json.loads(sys.argv[1]), free_port()
    cores = len(os.sched_getaffinity(0))
    ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, _temp_dir=job["folder"])
    with suppress(TimeoutError):  # after a minute, which a busy machine needs; it goes on starting
        serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(Served.bind(job["export"]), route_prefix="/")  # type: ignore[attr-defined]
    wait_for(port)
    print("answer", json.dumps({"rest": f"http://127.0.0.1:{port}"}), flush=True)
    sys.stdin.read()
    ray.shutdown()


if __name__ == "__main__":
    main()
