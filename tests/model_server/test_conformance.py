"""What a client of TensorFlow Serving may rely on, asked over gRPC, REST, the reload RPC and a shared folder alone.

Without SENTIMENT_CONFORMANCE_TARGET the embedded server is started with the flags of `serving/flags`. With it, the same
questions go to a server that runs, as `grpc=127.0.0.1:8500,rest=http://127.0.0.1:8501,folder=/tmp/x,seen_as=/models`:
a tensorflow_model_server with those flags, without polling of its models.config, which holds `model_config_list {}`.
`folder` is a folder here that the server sees as `seen_as`.

Source: g3doc/api_rest.md and serving_config.md; the cases are those of tensorflow_model_server_test.py,
server_core_test.cc, http_rest_api_handler_test.cc, json_tensor_test.cc and predict_impl_test.cc.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import grpc
import numpy as np
import pytest

from sentiment.model_server.parameter_files import read_batching
from sentiment.serving.flags import overridden, read_flags
from sentiment.settings import CHECKOUT

WAIT = 30.0
IDS = np.array([[3, 4, 0], [5, 0, 0]], np.int32)
THREE = {"input_ids": IDS, "input_mask": IDS, "segment_ids": IDS}
TEXT = {"text": ["好"]}
ROW = {"input_ids": [3, 4], "input_mask": [1, 1], "segment_ids": [0, 0]}
PREDICT = "/v1/models/sentiment:predict"
_numbers = itertools.count()


@dataclass
class Target:
    """A running server: where it is, and a folder that it sees as `seen_as`."""

    client: Any
    folder: Path
    seen_as: str

    def model(self, toys: dict[int, Path]) -> Model:
        return Model(self, f"model{os.getpid()}x{next(_numbers)}", toys)

    def serve(self, *models: str) -> Any:
        """Sends the whole configuration: the standing model's, and these."""
        return self.client.reload(f"model_config_list {{ {' '.join(models)} }}")


@dataclass
class Model:
    """A model of one test's own."""

    target: Target
    name: str
    toys: dict[int, Path]

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        return self.target.folder / self.name

    def add(self, version: int, change: Callable[[Path], None] = lambda _: None) -> None:
        hidden = self.target.folder / f".{self.name}-{version}"
        shutil.copytree(self.toys[version], hidden)
        change(hidden)
        hidden.rename(self.folder / str(version))

    def config(self, policy: str, platform: str = "tensorflow", /, **labels: int) -> str:
        pairs = " ".join(f'version_labels {{ key: "{label}" value: {version} }}' for label, version in labels.items())
        return (
            f'config {{ name: "{self.name}" base_path: "{self.target.seen_as}/{self.name}" '
            f'model_platform: "{platform}" model_version_policy {{ {policy} }} {pairs} }}'
        )

    def serve(self, policy: str, **labels: int) -> Any:
        return self.target.serve(standing_config(self.target), self.config(policy, **labels))

    def serve_versions(self, *versions: int, **labels: int) -> Any:
        return self.serve(specific(*versions), **labels)

    def answers(self, **spec: Any) -> tuple[int, str]:
        """Returns which version answers, and its label for a post without a marker."""
        response = self.target.client.predict(TEXT, "text", model=self.name, **spec)
        return response.model_spec.version.value, response.outputs["label"].string_val[0].decode()

    def states(self) -> dict[int, str]:
        _, answer = self.target.client.http(f"/v1/models/{self.name}")
        return {int(entry["version"]): entry["state"] for entry in answer.get("model_version_status", [])}

    def await_states(self, wanted: dict[int, str]) -> None:
        self.target.client.wait_for(lambda: self.states() == wanted, f"{wanted}; these are {self.states()}")


def specific(*versions: int) -> str:
    return "specific { " + " ".join(f"versions: {version}" for version in versions) + " }"


def standing_config(target: Target) -> str:
    return (
        f'config {{ name: "sentiment" base_path: "{target.seen_as}/sentiment" model_platform: "tensorflow" '
        f'model_version_policy {{ {specific(1, 2)} }} version_labels {{ key: "stable" value: 1 }} }}'
    )


@pytest.fixture(scope="module")
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
            client_class(SimpleNamespace(rest_url=place["rest"]), channel), Path(place["folder"]), place["seen_as"]
        )
        for version in (1, 2):
            shutil.copytree(toys[version], found.folder / "sentiment" / str(version), dirs_exist_ok=True)
        without_label = standing_config(found).replace('version_labels { key: "stable" value: 1 }', "")
        found.serve(without_label)
        found.client.wait_for(lambda: set(found.client.states().values()) == {"AVAILABLE"}, "both versions")
        found.serve(standing_config(found))
        yield found
        found.serve()


@contextlib.contextmanager
def embedded_server(folder: Path) -> Iterator[dict[str, str]]:
    ready, config = folder / "ready.json", folder / "models.config"
    config.write_text("model_config_list {}")
    flags = overridden(
        read_flags(CHECKOUT / "serving" / "flags"),
        port=0,
        rest_api_port=0,
        model_config_file=config,
        model_config_file_poll_wait_seconds=0,
        file_system_poll_wait_seconds=0.2,
        reload_rpc="loopback",
    )
    command = [sys.executable, "-m", "sentiment", "serve", *flags, f"--ready-file={ready}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not ready.exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        place = json.loads(ready.read_text())
        yield {"grpc": place["grpc"], "rest": place["rest"], "folder": str(folder), "seen_as": str(folder)}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


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


@contextlib.contextmanager
def refused(code: str, message: str = "") -> Iterator[None]:
    with pytest.raises(grpc.RpcError) as caught:
        yield
    assert (caught.value.code().name, message in caught.value.details()) == (code, True), caught.value


# Predict over gRPC.


def test_predict_answers_outputs_and_the_model_spec(client: Any) -> None:
    response = client.predict(THREE, label="stable")
    values = np.array(response.outputs["probabilities"].float_val).reshape(2, 3)
    np.testing.assert_allclose(values.sum(1), 1, rtol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("sentiment", 1, "serving_default")


def test_predict_of_strings_answers_typed_fields(client: Any) -> None:
    outputs = client.predict({"text": ["噓:難用", "推:好用", "路過"]}, "text", version=1).outputs
    assert [label.decode() for label in outputs["label"].string_val] == ["負面", "正面", "正面"]
    assert list(outputs["label_id"].int_val) == [1, 0, 0]


def test_a_version_a_label_or_the_latest_answers(client: Any) -> None:
    def version_of(**spec: Any) -> int:
        return int(client.predict(TEXT, "text", **spec).model_spec.version.value)

    assert [version_of(version=1), version_of(version=2), version_of(label="stable"), version_of()] == [1, 2, 1, 2]


def test_an_output_filter_selects(client: Any) -> None:
    assert list(client.predict(TEXT, "text", ("label",)).outputs) == ["label"]
    with refused("INVALID_ARGUMENT", "output tensor alias not found in signature: score"):
        client.predict(TEXT, "text", ("score",))
    with refused("INVALID_ARGUMENT", "duplicate output tensor alias: label"):
        client.predict(TEXT, "text", ("label", "label"))


@pytest.mark.parametrize(
    ("signature", "spec", "code", "message"),
    [
        ("text", {"model": "other"}, "NOT_FOUND", "Servable not found for request: Latest(other)"),
        ("text", {"version": 9}, "NOT_FOUND", "Servable not found for request: Specific(sentiment, 9)"),
        ("text", {"label": "beta"}, "INVALID_ARGUMENT", "Unrecognized servable version label: beta"),
        ("text", {"model": ""}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ("tekst", {}, "FAILED_PRECONDITION", 'Serving signature key "tekst" not found.'),
    ],
)
def test_a_bad_model_spec_is_refused(
    client: Any, signature: str, spec: dict[str, Any], code: str, message: str
) -> None:
    with refused(code, message):
        client.predict(TEXT, signature, **spec)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"input_ids": IDS}, "input size does not match signature: 1!=3"),
        ({**THREE, "more": IDS}, "Sent extra: {more}"),
        ({**THREE, "input_ids": IDS.astype(np.int64)}, ""),
        ({**THREE, "input_ids": [["a"]]}, ""),
        ({**THREE, "input_ids": IDS[0]}, ""),
    ],
)
def test_inputs_that_do_not_fit_are_invalid_arguments(client: Any, inputs: dict[str, Any], message: str) -> None:
    with refused("INVALID_ARGUMENT", message):
        client.predict(inputs)


def test_a_request_of_more_rows_than_the_batching_parameters_allow_is_refused(client: Any) -> None:
    most = read_batching(CHECKOUT / "serving" / "batching.config").max_batch_size
    with refused("INVALID_ARGUMENT", f"Task size {most + 1} is larger than maximum input batch size {most}"):
        client.predict({"text": ["好"] * (most + 1)}, "text")
    assert len(client.predict({"text": ["好"] * most}, "text").outputs["label"].string_val) == most


def test_a_deadline_that_passes_ends_the_call(target: Target, client: Any) -> None:
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    from sentiment.tensorflow_setup import tf

    gate = target.folder / f"gate{next(_numbers)}"
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "wait_for_file"
    request.inputs["path"].CopyFrom(tf.make_tensor_proto([f"{target.seen_as}/{gate.name}"]))
    try:
        with refused("DEADLINE_EXCEEDED"):
            prediction_service_pb2_grpc.PredictionServiceStub(client.channel).Predict(request, timeout=0.5)
    finally:
        gate.touch()
    assert client.predict(TEXT, "text").model_spec.version.value == 2


# Status and metadata over gRPC.


def test_model_status(client: Any) -> None:
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    stub = model_service_pb2_grpc.ModelServiceStub(client.channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    with refused("INVALID_ARGUMENT", "Missing ModelSpec"):
        stub.GetModelStatus(request, timeout=WAIT)
    request.model_spec.name = "sentiment"
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    statuses = stub.GetModelStatus(request, timeout=WAIT).model_version_status
    assert {(status.version, status.state) for status in statuses} == {(1, available), (2, available)}
    request.model_spec.version.value = 7
    with refused("NOT_FOUND", "Could not find version 7 of model sentiment"):
        stub.GetModelStatus(request, timeout=WAIT)


def test_model_metadata(client: Any) -> None:
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    stub = prediction_service_pb2_grpc.PredictionServiceStub(client.channel)
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    with refused("INVALID_ARGUMENT", "Missing ModelSpec"):
        stub.GetModelMetadata(request, timeout=WAIT)
    request.model_spec.name, request.model_spec.version_label = "sentiment", "stable"
    with refused("INVALID_ARGUMENT", "must specify at least one metadata_field"):
        stub.GetModelMetadata(request, timeout=WAIT)
    request.metadata_field.append("signature_def")
    response = stub.GetModelMetadata(request, timeout=WAIT)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert response.model_spec.version.value == 1
    assert set(signatures.signature_def["serving_default"].inputs) == {"input_ids", "input_mask", "segment_ids"}
    request.metadata_field[0] = "graph_def"
    with refused("INVALID_ARGUMENT", "Metadata field"):
        stub.GetModelMetadata(request, timeout=WAIT)


# REST.


def test_the_rest_status_has_these_fields(client: Any) -> None:
    status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert client.http("/v1/models/sentiment/versions/1") == (200, {"model_version_status": [status]})
    versions = [entry["version"] for entry in client.http("/v1/models/sentiment")[1]["model_version_status"]]
    assert versions == ["2", "1"]
    assert client.http("/v1/models/sentiment/labels/nobody") == client.http("/v1/models/sentiment")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/other", 404, "Could not find any versions of model other"),
        ("/v1/models/sentiment/versions/5", 404, "Could not find version 5 of model sentiment"),
        ("/v1/models", 400, "Missing model name in request."),
        ("/v1/models/sentiment/nothing", 400, "Malformed request: GET /v1/models/sentiment/nothing"),
        ("/v1/models/sentiment/labels/beta/metadata", 400, "Unrecognized servable version label: beta"),
        ("/v1/models/sentiment/versions/9/metadata", 404, "Servable not found for request: Specific(sentiment, 9)"),
    ],
)
def test_a_get_that_is_refused(client: Any, path: str, status: int, message: str) -> None:
    assert client.http(path) == (status, {"error": message})


def test_the_rest_metadata_says_which_version_a_label_means(client: Any) -> None:
    status, answer = client.http("/v1/models/sentiment/labels/stable/metadata")
    assert (status, answer["model_spec"]) == (200, {"name": "sentiment", "signature_name": "", "version": "1"})
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["text"]["inputs"]["text"]["dtype"] == "DT_STRING"


def test_row_form(client: Any) -> None:
    status, answer = client.http(PREDICT, {"instances": [ROW, ROW]})
    assert (status, [len(row) for row in answer["predictions"]]) == (200, [3, 3])
    encoded = {"b64": base64.b64encode("推".encode()).decode()}
    where = "/v1/models/sentiment/labels/stable:predict"
    _, answer = client.http(where, {"signature_name": "text", "instances": ["噓", encoded]})
    assert [(row["label"], row["label_id"]) for row in answer["predictions"]] == [("負面", 1), ("正面", 0)]
    _, named = client.http(where, {"signature_name": "text", "instances": [{"text": "噓"}, {"text": "推"}]})
    assert named == answer


def test_column_form(client: Any) -> None:
    _, columns = client.http(PREDICT, {"inputs": {name: [values, values] for name, values in ROW.items()}})
    _, rows = client.http(PREDICT, {"instances": [ROW, ROW]})
    assert columns["outputs"] == rows["predictions"]
    _, answer = client.http(PREDICT, {"signature_name": "text", "inputs": ["噓"]})
    assert (answer["outputs"]["label"], answer["outputs"]["label_id"]) == (["負面"], [1])


def test_a_float_is_written_with_no_more_digits_than_it_has(client: Any) -> None:
    _, answer = client.http(PREDICT, {"instances": [ROW]})
    assert all(len(repr(value)) <= 13 for value in answer["predictions"][0])


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/other:predict", 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/sentiment/versions/9:predict", 404, "Servable not found for request: Specific(sentiment, 9)"),
        ("/v1/models/sentiment/labels/beta:predict", 400, "Unrecognized servable version label: beta"),
        ("/v1/models/sentiment/labels/%C3%A9:predict", 400, "Unrecognized servable version label: é"),
        ("/v1/models/sentiment:explain", 400, "Malformed request: POST /v1/models/sentiment:explain"),
        ("/v1/models/sentiment", 400, "Malformed request: POST /v1/models/sentiment"),
        ("/v1/models/sentiment/versions/x:predict", 400, "Malformed request: POST"),
        ("/v1/models/sentiment/versions/99999999999999999999:predict", 400, "Failed to convert version: 9999"),
    ],
)
def test_a_post_that_is_refused(client: Any, path: str, status: int, message: str) -> None:
    answered, error = client.http(path, {"instances": ["x"]})
    assert (answered, message in error["error"]) == (status, True), error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"null",
        b'{"instances": []}',
        b'{"instances": "x"}',
        b'{"instances": [1], "inputs": [1]}',
        b'{"instances": [1e999]}',
        b'{"input": [1]}',
        b'{"signature_name": 7, "instances": [1]}',
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(client: Any, body: bytes) -> None:
    status, answer = client.http(PREDICT, body, method="POST")
    assert (status, list(answer)) == (400, ["error"])
    assert answer["error"]


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"instances": [[1, 2]]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [ROW, [1]]}, "Expecting object but got list at item 1 of input list"),
        ({"instances": [{"input_ids": [1]}]}, "keys must be equal to: input_ids,input_mask,segment_ids"),
        ({"instances": [{**ROW, "input_ids": ["a", "b"]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [True, False]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [1.5, 2]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [2**31, 2]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [float("nan"), 1]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [None, 1]}]}, "is not of expected type: int32"),
        ({"inputs": [[1]]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"input_ids": [[1]]}}, "Missing named input: input_mask in 'inputs' object."),
        ({"inputs": {**ROW, "input_ids": [[1, 2], [3]]}}, "Encountered list at unexpected size"),
        ({"signature_name": "text", "instances": [1]}, "is not of expected type: string"),
        ({"signature_name": "text", "instances": [{"b64": "*"}]}, "Unable to base64 decode"),
        ({"signature_name": "text", "instances": ["a", {"text": "b"}]}, "Expecting value/list but got object"),
        ({"signature_name": "no", "instances": ["a"]}, 'Serving signature name: "no" not found in signature def'),
    ],
)
def test_inputs_that_do_not_fit_are_bad_requests(client: Any, request_body: Any, message: str) -> None:
    status, answer = client.http(PREDICT, request_body)
    assert (status, message in answer["error"]) == (400, True), answer


def test_a_request_needs_no_content_type(client: Any) -> None:
    connection = http.client.HTTPConnection(urlsplit(client.server.rest_url).netloc, timeout=WAIT)
    with contextlib.closing(connection):
        connection.request("POST", PREDICT, json.dumps({"signature_name": "text", "instances": ["好"]}).encode())
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type")) == (200, "application/json")
        assert list(json.loads(response.read())) == ["predictions"]


def test_a_large_request_is_answered(client: Any) -> None:
    posts = ["推" + "長" * 100_000] * 16
    status, answer = client.http("/v1/models/sentiment/versions/1:predict", {"signature_name": "text", "inputs": posts})
    assert (status, answer["outputs"]["label_id"]) == (200, [0] * 16)


def test_a_path_outside_the_api_is_not_found(client: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{client.server.rest_url}/v2/models", timeout=WAIT)
    with caught.value as error:
        assert error.code == 404


def test_metrics_are_where_the_monitoring_configuration_says(client: Any) -> None:
    client.predict(TEXT, "text", label="stable")
    with urllib.request.urlopen(f"{client.server.rest_url}/monitoring/prometheus/metrics", timeout=WAIT) as response:
        page = response.read().decode()
    counted = [line for line in page.splitlines() if line.startswith(":tensorflow:serving:request_count{")]
    assert any('model_name="sentiment"' in line and 'status="OK"' in line for line in counted), page
    assert ":tensorflow:serving:request_latency_bucket{" in page


# Versions, labels and the reload RPC.


def test_a_label_moves_in_two_steps(model: Model) -> None:
    model.add(2)
    with refused("FAILED_PRECONDITION", f"Request to assign label to version 2 of model {model.name}, which is not"):
        model.serve_versions(1, 2, stable=2)
    assert model.answers(label="stable") == (1, "正面")
    model.serve_versions(1, 2, stable=1)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    assert (model.answers(label="stable"), model.answers()) == ((1, "正面"), (2, "負面"))
    model.serve_versions(1, 2, stable=2, previous=1)
    assert (model.answers(label="stable"), model.answers(label="previous")) == ((2, "負面"), (1, "正面"))


def test_labels_are_accepted_all_or_none(model: Model) -> None:
    with refused("FAILED_PRECONDITION"):
        model.serve_versions(1, other=1, stable=77)
    assert model.answers(label="stable") == (1, "正面")
    with refused("INVALID_ARGUMENT", "Unrecognized servable version label: other"):
        model.answers(label="other")


def test_a_label_that_is_left_out_is_gone(model: Model) -> None:
    model.serve_versions(1)
    with refused("INVALID_ARGUMENT", "Unrecognized servable version label: stable"):
        model.answers(label="stable")


def test_the_latest_policy(model: Model) -> None:
    model.serve("latest { num_versions: 2 }")
    model.add(2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.add(3)
    model.await_states({1: "END", 2: "AVAILABLE", 3: "AVAILABLE"})
    assert model.answers() == (3, "中立")


def test_the_all_policy(model: Model) -> None:
    model.serve("all {}")
    model.add(2)
    model.add(3)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE", 3: "AVAILABLE"})


def test_the_specific_policy_waits_for_a_folder_and_lets_go(model: Model) -> None:
    model.serve_versions(1, 2)
    assert model.answers() == (1, "正面")
    model.add(2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.serve_versions(2)
    model.await_states({1: "END", 2: "AVAILABLE"})
    with refused("NOT_FOUND", f"Servable not found for request: Specific({model.name}, 1)"):
        model.answers(version=1)


def test_a_model_that_is_left_out_is_unloaded(model: Model) -> None:
    model.target.serve(standing_config(model.target))
    model.await_states({1: "END"})
    with refused("NOT_FOUND", f"Servable not found for request: Latest({model.name})"):
        model.answers()


def lose_the_graph(version_folder: Path) -> None:
    (version_folder / "saved_model.pb").unlink()


def warm_up_with(*records: dict[str, Any]) -> Callable[[Path], None]:
    from tensorflow_serving.apis import prediction_log_pb2

    from sentiment.tensorflow_setup import tf

    def write(version_folder: Path) -> None:
        (version_folder / "assets.extra").mkdir()
        with tf.io.TFRecordWriter(str(version_folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
            for inputs in records:
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.model_spec.signature_name = "text"
                for name, value in inputs.items():
                    log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
                writer.write(log.SerializeToString())

    return write


def test_a_version_that_cannot_be_loaded_ends_with_its_error_while_the_other_answers(model: Model) -> None:
    model.add(2, lose_the_graph)
    model.serve_versions(1, 2, stable=1)
    model.await_states({1: "AVAILABLE", 2: "END"})
    _, answer = model.target.client.http(f"/v1/models/{model.name}/versions/2")
    status = answer["model_version_status"][0]["status"]
    assert (status["error_code"], bool(status["error_message"])) == ("NOT_FOUND", True)
    assert model.answers() == (1, "正面")


def test_a_version_is_available_when_its_warm_up_was_answered(model: Model) -> None:
    model.add(2, warm_up_with(TEXT, {"text": ["好", "壞"]}))
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})


def test_a_version_whose_warm_up_fails_is_not_served(model: Model) -> None:
    model.add(2, warm_up_with(TEXT, {"wrong": ["好"]}))
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "END"})
    _, answer = model.target.client.http(f"/v1/models/{model.name}/versions/2")
    assert answer["model_version_status"][0]["status"]["error_code"] != "OK"
    assert model.answers() == (1, "正面")


def test_a_reload_that_is_accepted_answers_ok(model: Model) -> None:
    assert model.serve_versions(1).status.error_code == 0


def test_reloads_that_are_refused_change_nothing(model: Model) -> None:
    target, good = model.target, model.config(specific(1), stable=1)
    with refused("INVALID_ARGUMENT", f"Illegal to list model {model.name} multiple times in config list"):
        target.serve(good, good)
    with refused("INVALID_ARGUMENT"):
        target.serve(model.config(specific(1), ""))
    with refused("INVALID_ARGUMENT"):
        target.serve(model.config(specific(1), "torch"))
    with refused("INVALID_ARGUMENT"):
        target.serve(good.replace(f"{target.seen_as}/{model.name}", "models/relative"))
    with refused("INVALID_ARGUMENT", "Only ModelConfigList is currently supported"):
        target.client.reload("")
    assert model.answers(label="stable") == (1, "正面")
