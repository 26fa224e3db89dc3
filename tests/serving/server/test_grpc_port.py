"""The gRPC port, as tensorflow_serving.apis speaks it."""

from __future__ import annotations

import re
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow_serving.config import model_server_config_pb2

from sentiment.serving.server.health import health_messages

IDS = np.array([[3, 4, 0], [5, 0, 0]], np.int32)
THREE = {"input_ids": IDS, "input_mask": IDS, "segment_ids": IDS}


def refusal(standing: Any, *arguments: Any, **spec: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as refused:
        standing.predict(*arguments, **spec)
    return refused.value.code().name, refused.value.details()


def test_predict_of_ids_answers_probabilities_and_the_version(standing: Any) -> None:
    response = standing.predict(THREE)
    assert list(response.outputs) == ["probabilities"]
    values = np.array(response.outputs["probabilities"].float_val).reshape(2, 3)
    np.testing.assert_allclose(values.sum(1), 1, rtol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("sentiment", 1, "serving_default")


def test_predict_of_text_answers_labels(standing: Any) -> None:
    outputs = standing.predict({"text": ["噓:難用", "推:好用", "路過"]}, "text").outputs
    assert [label.decode() for label in outputs["label"].string_val] == ["負面", "正面", "正面"]
    assert list(outputs["label_id"].int_val) == [1, 0, 0]


def test_an_output_filter_selects(standing: Any) -> None:
    response = standing.predict({"text": ["好"]}, "text", ("label",))
    assert list(response.outputs) == ["label"]


def test_an_output_filter_must_name_outputs_once(standing: Any) -> None:
    unknown = refusal(standing, {"text": ["好"]}, "text", ("score",))
    assert unknown[0] == "INVALID_ARGUMENT"
    assert "output tensor alias not found in signature: score" in unknown[1]
    twice = refusal(standing, {"text": ["好"]}, "text", ("label", "label"))
    assert twice == ("INVALID_ARGUMENT", "duplicate output tensor alias: label")


def test_what_is_not_there_is_refused_with_the_real_server_s_codes(standing: Any) -> None:
    text = {"text": ["好"]}
    assert refusal(standing, text, "text", model="") == ("INVALID_ARGUMENT", "ModelSpec has no name specified.")
    assert refusal(standing, text, "text", model="other") == (
        "NOT_FOUND",
        "Servable not found for request: Latest(other)",
    )
    assert refusal(standing, text, "text", version=9) == (
        "NOT_FOUND",
        "Servable not found for request: Specific(sentiment, 9)",
    )
    assert refusal(standing, text, "text", label="beta") == (
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: beta",
    )
    assert refusal(standing, text, "tekst") == ("FAILED_PRECONDITION", 'Serving signature key "tekst" not found.')


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"input_ids": IDS}, "input size does not match signature: 1!=3"),
        ({**THREE, "more": IDS}, "Sent extra: {more}"),
        ({**THREE, "input_ids": IDS.astype(np.int64)}, "to be int32 but int64 is provided"),
        ({**THREE, "input_ids": [["a"]]}, "to be int32 but string is provided"),
        ({**THREE, "input_ids": np.full((2, 3), np.nan, np.float32)}, "to be int32 but float32 is provided"),
        ({**THREE, "input_ids": IDS[0]}, r"to be of shape \[\?,\?\] but \[3\] is provided"),
        ({**THREE, "input_ids": np.int32(1)}, r"but \[\] is provided"),
        ({**THREE, "input_mask": IDS[:, :2]}, "."),
    ],
)
def test_inputs_that_do_not_fit_are_invalid_arguments(standing: Any, inputs: dict[str, Any], message: str) -> None:
    code, details = refusal(standing, inputs)
    assert code == "INVALID_ARGUMENT"
    assert re.search(message, details), details


def test_an_error_inside_the_graph_is_told_without_the_server_s_stack(standing: Any) -> None:
    code, details = refusal(standing, {**THREE, "input_ids": IDS + 1000})
    assert code == "INVALID_ARGUMENT"
    assert "indices[0,0] = 1003 is not in [0, 50)" in details
    assert "File" not in details
    assert "\n" not in details


def test_a_small_message_cannot_claim_a_huge_tensor(standing: Any) -> None:
    from sentiment.model.tensorflow_setup import tf

    bomb = tf.make_tensor_proto([[1]], tf.int32)
    bomb.tensor_shape.dim[0].size = bomb.tensor_shape.dim[1].size = 2**20
    assert refusal(standing, {**THREE, "input_ids": bomb})[0] == "INVALID_ARGUMENT"
    bomb.tensor_shape.dim[0].size = -5
    assert refusal(standing, {**THREE, "input_ids": bomb})[0] == "INVALID_ARGUMENT"
    bomb.tensor_shape.dim[0].size = 3
    bomb.tensor_content = b"\x01\x02\x03"
    assert refusal(standing, {**THREE, "input_ids": bomb})[0] == "INVALID_ARGUMENT"
    assert refusal(standing, {**THREE, "input_ids": tf.make_tensor_proto(1).__class__()})[0] == "INVALID_ARGUMENT"
    assert standing.ask("好") == ["正面"]


def test_strings_that_are_no_utf8_are_answered_or_refused_and_harm_nobody(standing: Any) -> None:
    response = standing.predict({"text": [b"\xff\xfe\x80", b"", b"\x00" * 9, "推".encode() * 5000]}, "text")
    assert len(response.outputs["label"].string_val) == 4
    assert standing.ask("好") == ["正面"]


def test_a_message_beyond_the_limit_is_resource_exhausted(standing: Any) -> None:
    code, _ = refusal(standing, {"text": [b"x" * (65 * 1024 * 1024)]}, "text")
    assert code == "RESOURCE_EXHAUSTED"
    assert standing.ask("好") == ["正面"]


def test_model_status_over_grpc(standing: Any) -> None:
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    stub = model_service_pb2_grpc.ModelServiceStub(standing.channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "sentiment"
    (status,) = stub.GetModelStatus(request, timeout=20).model_version_status
    assert (status.version, status.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    request.model_spec.version.value = 7
    with pytest.raises(grpc.RpcError, match="Could not find version 7 of model sentiment") as refused:
        stub.GetModelStatus(request, timeout=20)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_model_metadata_over_grpc(standing: Any) -> None:
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    stub = prediction_service_pb2_grpc.PredictionServiceStub(standing.channel)
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name, request.model_spec.version_label = "sentiment", "stable"
    response = stub.GetModelMetadata(request, timeout=20)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert response.model_spec.version.value == 1
    assert set(signatures.signature_def["serving_default"].inputs) == {"input_ids", "input_mask", "segment_ids"}
    request.metadata_field[0] = "graph_def"
    with pytest.raises(grpc.RpcError, match="Metadata field graph_def is not supported"):
        stub.GetModelMetadata(request, timeout=20)


def test_classify_regress_and_multi_inference_are_unimplemented(standing: Any) -> None:
    from tensorflow_serving.apis import classification_pb2, inference_pb2, prediction_service_pb2_grpc, regression_pb2

    stub = prediction_service_pb2_grpc.PredictionServiceStub(standing.channel)
    for method, request in (
        (stub.Classify, classification_pb2.ClassificationRequest()),
        (stub.Regress, regression_pb2.RegressionRequest()),
        (stub.MultiInference, inference_pb2.MultiInferenceRequest()),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            method(request, timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_reload_of_anything_but_a_list_is_an_invalid_argument(standing: Any) -> None:
    with pytest.raises(grpc.RpcError, match="Only ModelConfigList is currently supported") as refused:
        standing.reload("")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert model_server_config_pb2.ModelServerConfig().WhichOneof("config") is None


def test_the_health_service_says_serving(standing: Any) -> None:
    request, response = health_messages()
    check = standing.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    assert check(request(), timeout=20).status == 1
    with pytest.raises(grpc.RpcError) as refused:
        check(request(service="other"), timeout=20)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
