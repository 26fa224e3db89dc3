"""What the gRPC port adds to conformance/: our own words, limits, what is not served, health."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow.core.protobuf import meta_graph_pb2

from sentiment.model_server.examples import refusal_of_examples
from sentiment.model_server.health import Health, health_messages
from sentiment.model_server.refusal import Code

IDS = np.array([[3, 4, 0], [5, 0, 0]], np.int32)
THREE = {"input_ids": IDS, "input_mask": IDS, "segment_ids": IDS}


def refusal(standing: Any, *arguments: Any, **spec: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as refused:
        standing.predict(*arguments, **spec)
    return refused.value.code().name, refused.value.details()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
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
    from sentiment.tensorflow_setup import tf

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


def test_classify_and_regress_of_a_signature_made_for_them_are_unimplemented() -> None:
    definition = meta_graph_pb2.SignatureDef()
    for inputs, outputs, method in (("inputs", "scores", "classify"), ("inputs", "outputs", "regress")):
        definition.Clear()
        definition.inputs[inputs].name, definition.outputs[outputs].name = "x:0", "y:0"
        refusal = refusal_of_examples(method, {"serving_default": definition}, "")
        assert (refusal.code, str(refusal)) == (Code.UNIMPLEMENTED, f"{method} is not served; use predict")
        definition.outputs["more"].name = "z:0"
        definition.outputs["most"].name = "z:1"
        assert refusal_of_examples(method, {"serving_default": definition}, "").code is Code.INVALID_ARGUMENT


def test_a_name_that_no_signature_has_is_told_before_a_tensor_is_read(standing: Any) -> None:
    from tensorflow.core.framework import tensor_pb2

    torn = tensor_pb2.TensorProto(dtype=3, tensor_content=b"x")
    code, details = refusal(standing, {**THREE, "more": torn})
    assert (code, "Sent extra: {more}" in details) == ("INVALID_ARGUMENT", True)
    code, details = refusal(standing, {f"name{number}": torn for number in range(12)})
    assert (code, details) == ("INVALID_ARGUMENT", "input size does not match signature: 12!=3")


def test_without_the_flag_there_is_no_health_service(site: Any, start: Any) -> None:
    check = start(site, grpc_health=False).channel.unary_unary("/grpc.health.v1.Health/Check")
    with pytest.raises(grpc.RpcError) as refused:
        check(b"", timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_health_service_says_serving(standing: Any) -> None:
    request, response = health_messages()
    check = standing.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    assert check(request(), timeout=20).status == 1
    assert check(request(service="tensorflow.serving.PredictionService"), timeout=20).status == 1
    watch = standing.channel.unary_stream("/grpc.health.v1.Health/Watch")
    with pytest.raises(grpc.RpcError) as refused:
        next(watch(b"", timeout=20))
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_health_service_says_not_serving_before_the_server_is_ready_and_when_it_stops() -> None:
    request, response = health_messages()
    health = Health()
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((health.handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        before = check(request(), timeout=20).status
        health.serving = True
        assert (before, check(request(), timeout=20).status) == (2, 1)
    server.stop(None).wait()
