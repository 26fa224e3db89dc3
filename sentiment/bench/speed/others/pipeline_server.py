"""Serves a model as people do who write a server themselves: FastAPI with Hugging Face's pipeline on PyTorch.

It is asked as ours is: `POST /v1/models/NAME/labels/LABEL:predict` with `{"instances": [text, …]}`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", USE_TF="0", USE_TORCH="1", TOKENIZERS_PARALLELISM="true")

import uvicorn
from fastapi import FastAPI  # type: ignore[import-not-found]
from transformers import pipeline


def application(job: dict[str, Any]) -> FastAPI:
    """Returns the application; FastAPI calls `predict` on a thread of its own for each request."""
    classify = pipeline("text-classification", model=job["model"], top_k=None)
    app = FastAPI()

    @app.post("/v1/models/{name}/labels/{label}:predict")
    def predict(name: str, label: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"predictions": classify(body["instances"], truncation=True, max_length=job["max_seq_length"])}

    return app


def main() -> None:
    app = application(json.loads(sys.argv[1]))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        print("answer", json.dumps({"rest": address}), flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
