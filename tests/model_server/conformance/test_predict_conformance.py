"""Requests over gRPC, as TensorFlow Serving answers them. Each test names the function that says so.

`util.cc:GetInputValues` is in TensorFlow's `cc/saved_model`; all other files are TensorFlow Serving's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.conformance import IDS, TEXT, THREE, WAIT, Target, _numbers, refused


def prediction(client: Any) -> Any:
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    return prediction_service_pb2_grpc.PredictionServiceStub(client.channel)


def test_predict_answers_outputs_and_the_model_spec(client: Any) -> None:
    """`predict_util.cc:RunPredict`, `util.cc:MakeModelSpec`."""
    response = client.predict(THREE, label="stable")
    values = np.array(response.outputs["probabilities"].float_val).reshape(2, 3)
    np.testing.assert_allclose(values.sum(1), 1, rtol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("sentiment", 1, "serving_default")


def test_predict_of_strings_answers_typed_fields(client: Any) -> None:
    """`predict_util.cc:PostProcessPredictionResult`, with `kAsProtoField`."""
    outputs = client.predict({"text": ["噓:難用", "推:好用", "路過"]}, "text", version=1).outputs
    assert [label.decode() for label in outputs["label"].string_val] == ["負面", "正面", "正面"]
    assert list(outputs["label_id"].int_val) == [1, 0, 0]


def test_a_version_a_label_or_the_latest_answers(client: Any) -> None:
    """`server_core.cc:ServableRequestFromModelSpec`."""

    def version_of(**spec: Any) -> int:
        return int(client.predict(TEXT, "text", **spec).model_spec.version.value)

    assert [version_of(version=1), version_of(version=2), version_of(label="stable"), version_of()] == [1, 2, 1, 2]


def test_an_output_filter_selects(client: Any) -> None:
    """`predict_util.cc:PreProcessPrediction`."""
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
    """`server_core.cc:ServableRequestFromModelSpec`, `basic_manager.cc:GetUntypedServableHandle`,
    `predict_util.cc:RunPredict`."""
    with refused(code, message):
        client.predict(TEXT, signature, **spec)


def test_a_request_without_a_model_spec_is_refused(client: Any) -> None:
    """`predict_impl.cc:Predict`, `classification_service.cc:Classify`, `regression_service.cc:Regress`,
    `get_model_metadata_impl.cc:GetModelMetadata`."""
    from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, predict_pb2, regression_pb2

    stub = prediction(client)
    for method, request in (
        (stub.Predict, predict_pb2.PredictRequest()),
        (stub.Classify, classification_pb2.ClassificationRequest()),
        (stub.Regress, regression_pb2.RegressionRequest()),
        (stub.GetModelMetadata, get_model_metadata_pb2.GetModelMetadataRequest()),
    ):
        with refused("INVALID_ARGUMENT", "Missing ModelSpec"):
            method(request, timeout=WAIT)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"input_ids": IDS}, "input size does not match signature: 1!=3 len({input_ids})"),
        ({}, "Sent extra: {}. Missing but required: {input_ids,input_mask,segment_ids}."),
        ({**THREE, "more": IDS}, "Sent extra: {more}. Missing but required: {}."),
    ],
)
def test_another_number_of_inputs_is_refused(client: Any, inputs: dict[str, Any], message: str) -> None:
    """`predict_util.cc:VerifyRequestInputsSize`."""
    with refused("INVALID_ARGUMENT", message):
        client.predict(inputs)


def test_the_right_number_of_inputs_with_another_name_is_refused(client: Any) -> None:
    """`util.cc:GetInputValues`; which of several missing ones it names is not defined, so only one is missing."""
    given = {"input_ids": IDS, "input_mask": IDS, "more": IDS}
    with refused("INVALID_ARGUMENT", "Signature input alias: segment_ids(feed name: "):
        client.predict(given)
    with refused("INVALID_ARGUMENT", "expected to be in the request {input_ids,input_mask,more}, or default input al"):
        client.predict(given)


def test_a_tensor_that_is_none_is_refused(client: Any) -> None:
    """`util.cc:GetInputValues`."""
    from sentiment.tensorflow_setup import tf

    torn = tf.make_tensor_proto(np.arange(6, dtype=np.int32).reshape(2, 3))
    torn.tensor_content = b"\x01"
    with refused("INVALID_ARGUMENT", "tensor parsing error: input_ids"):
        client.predict({**THREE, "input_ids": torn})


def test_a_long_text_is_cut(client: Any) -> None:
    """`grpc_status_util.cc:ToGRPCStatus`: after 1,024 bytes."""
    import grpc

    names = {f"{'name' * 30}{number}": IDS for number in range(11)}
    with pytest.raises(grpc.RpcError) as caught:
        client.predict(names)
    told = caught.value.details()
    assert told.startswith("input size does not match signature: 11!=3 len({name")
    assert told.endswith("...TRUNCATED") and len(told) == 1024 + len("...TRUNCATED")


@pytest.mark.parametrize(
    ("method", "signature", "message"),
    [
        ("Classify", "", "Expected one input Tensor."),
        ("Regress", "", "Expected one input Tensor."),
        ("Classify", "text", "Expected one or two output Tensors, found "),
        ("Regress", "text", "Expected one output Tensor."),
        ("Classify", "slow", "No classification inputs found in SignatureDef: "),
        ("Regress", "slow", "No regression inputs found in SignatureDef: "),
        ("Classify", "no", "No signature was found with the name: no"),
        ("Regress", "no", "No signature was found with the name: no"),
    ],
)
def test_classify_and_regress_want_other_signatures(client: Any, method: str, signature: str, message: str) -> None:
    """`classifier.cc:GetClassificationSignatureDef`, `regressor.cc:GetRegressionSignatureDef`."""
    from tensorflow_serving.apis import classification_pb2, regression_pb2

    kinds = {"Classify": classification_pb2.ClassificationRequest, "Regress": regression_pb2.RegressionRequest}
    request = kinds[method]()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", signature
    with refused("INVALID_ARGUMENT", message):
        getattr(prediction(client), method)(request, timeout=WAIT)
    request.model_spec.name = "other"
    with refused("NOT_FOUND", "Servable not found for request: Latest(other)"):
        getattr(prediction(client), method)(request, timeout=WAIT)


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ([("other", "", "")], "NOT_FOUND", "Servable not found for request: Latest(other)"),
        ([("sentiment", "no", "")], "INVALID_ARGUMENT", "Requested signature not found in model graph: no"),
        ([("sentiment", "text", "predict")], "UNIMPLEMENTED", "Unsupported signature method_name: predict"),
        ([("sentiment", "", "tensorflow/serving/classify")], "INVALID_ARGUMENT", "Expected one input Tensor."),
        ([("sentiment", "text", "tensorflow/serving/regress")], "INVALID_ARGUMENT", "Expected one output Tensor."),
    ],
)
def test_multi_inference_wants_other_signatures(
    client: Any, tasks: list[tuple[str, str, str]], code: str, message: str
) -> None:
    """`multi_inference_helper.cc:RunMultiInferenceWithServerCore`, `multi_inference.cc:Infer`."""
    from tensorflow_serving.apis import inference_pb2

    request = inference_pb2.MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    with refused(code, message):
        prediction(client).MultiInference(request, timeout=WAIT)


def test_a_deadline_that_passes_ends_the_call(target: Target, client: Any) -> None:
    """gRPC itself ends the call; `prediction_service_impl.cc:Predict` limits the computation, too."""
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    gate = target.folder / f"gate{next(_numbers)}"
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "wait_for_file"
    request.inputs["path"].CopyFrom(tf.make_tensor_proto([f"{target.seen_as}/{gate.name}"]))
    try:
        with refused("DEADLINE_EXCEEDED"):
            prediction(client).Predict(request, timeout=0.5)
    finally:
        gate.touch()
    assert client.predict(TEXT, "text").model_spec.version.value == 2


def test_model_status(client: Any) -> None:
    """`get_model_status_impl.cc:GetModelStatusWithModelSpec`."""
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
    """`get_model_metadata_impl.cc:ValidateGetModelMetadataRequest` and `SavedModelGetSignatureDef`."""
    from tensorflow_serving.apis import get_model_metadata_pb2

    stub = prediction(client)
    request = get_model_metadata_pb2.GetModelMetadataRequest()
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
    with refused("INVALID_ARGUMENT", "Metadata field graph_def is not supported"):
        stub.GetModelMetadata(request, timeout=WAIT)


def test_the_health_service_of_grpc_says_serving(client: Any) -> None:
    """`server.cc:BuildAndStart`: with `--enable_grpc_healthcheck_service`, which `serving/flags` sets."""
    from sentiment.model_server.health import health_messages

    request, response = health_messages()
    check = client.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    for service in ("", "ModelService", "PredictionService"):
        assert check(request(service=service), timeout=WAIT).status == 1
