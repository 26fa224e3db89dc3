"""What a client of TensorFlow Serving may rely on, asked over gRPC, REST, the reload RPC and a shared folder alone.

Without SENTIMENT_CONFORMANCE_TARGET the embedded server is started with the flags of `serving/flags`. With it, the same
questions go to a server that runs, as `grpc=127.0.0.1:8500,rest=http://127.0.0.1:8501,folder=/tmp/x,seen_as=/models`:
a tensorflow_model_server with those flags, without polling of its models.config, which holds `model_config_list {}`.
`folder` is a folder here that the server sees as `seen_as`.

Source: g3doc/api_rest.md and serving_config.md; the cases are those of tensorflow_model_server_test.py,
server_core_test.cc, http_rest_api_handler_test.cc, json_tensor_test.cc and predict_impl_test.cc.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from support.conformance import Model, Target, embedded_server, standing_config


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory, toys: dict[int, Path], client_class: Any) -> Iterator[Target]:
    """The server, which serves versions 1 and 2 of the model `sentiment`, 1 as `stable`."""
    stated = os.environ.get("SENTIMENT_CONFORMANCE_TARGET")
    with contextlib.ExitStack() as stack:
        if stated:
            place = dict(item.split("=", 1) for item in stated.split(","))
        else:
            place = stack.enter_context(embedded_server(tmp_path_factory.mktemp("conformance")))
        channel = stack.enter_context(grpc.insecure_channel(place["grpc"]))
        found = Target(
            client_class(SimpleNamespace(rest_url=place["rest"]), channel),
            Path(place["folder"]),
            place["seen_as"],
            two_polls=2.5 if stated else 0.5,
        )
        for version in (1, 2):
            shutil.copytree(toys[version], found.folder / "sentiment" / str(version), dirs_exist_ok=True)
        without_label = standing_config(found).replace('version_labels { key: "stable" value: 1 }', "")
        found.serve(without_label)
        found.client.wait_for(lambda: set(found.client.states().values()) == {"AVAILABLE"}, "both versions")
        found.serve(standing_config(found))
        yield found
        found.serve()


@pytest.fixture
def client(target: Target) -> Any:
    return target.client


@pytest.fixture
def model(target: Target, toys: dict[int, Path]) -> Iterator[Model]:
    """A model of the test's own, with version 1 served as `stable`."""
    made = target.model(toys)
    made.add(1)
    made.serve_versions(1)
    made.serve_versions(1, stable=1)
    yield made
    target.serve(standing_config(target))
