"""The gRPC port: PredictionService and ModelService of tensorflow_serving.apis, and gRPC's health service."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from sentiment.model_server.config import config_of
from sentiment.model_server.core import Core
from sentiment.model_server.health import Health
from sentiment.model_server.metrics import Answered, Metrics
from sentiment.model_server.refusal import Code, Refusal, refusal_of
from sentiment.model_server.servable import DEFAULT_SIGNATURE, Servable
from sentiment.model_server.tensors import from_proto, to_proto

log = logging.getLogger("sentiment.server")
SIGNATURE_DEF = "signature_def"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_CONCURRENT_CALLS = 256  # running and waiting; any further call gets RESOURCE_EXHAUSTED
MAX_CONNECTIONS = 1024
MILLISECONDS_FOR_HANDSHAKE = 20_000


def make_grpc_server(
    core: Core[Servable], metrics: Metrics, health: Health, address: str, threads: int
) -> tuple[grpc.Server, int]:
    """Returns a server bound to `address`, not started, and its port. Raises: OSError when it cannot be bound."""
    server = grpc.server(
        ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),  # otherwise a second server would share the port silently
            ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
            ("grpc.server_handshake_timeout_ms", MILLISECONDS_FOR_HANDSHAKE),
        ],
        maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(core, metrics), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(core), server)
    server.add_generic_rpc_handlers((health.handler(),))
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return server, port


def _answer(context: Any, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - one request's failure is its own answer
        _abort(context, refusal_of(error))


def _abort(context: Any, refusal: Refusal) -> NoReturn:
    if refusal.code is Code.INTERNAL:
        log.error("a request failed: %s", refusal, exc_info=True)
    context.abort(grpc.StatusCode[refusal.code.name], str(refusal))
    raise AssertionError("abort returns to nobody")


def _version_and_label(spec: Any) -> tuple[int | None, str | None]:
    choice = spec.WhichOneof("version_choice")
    return (
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; the rest of the service is UNIMPLEMENTED."""

    def __init__(self, core: Core[Servable], metrics: Metrics) -> None:
        self._core, self._metrics = core, metrics

    def Predict(self, request: Any, context: Any) -> Any:
        return _answer(context, lambda: self._predict(request, context))

    def _predict(self, request: Any, context: Any) -> Any:
        with self._metrics.predict("GRPC") as answered:
            if context.time_remaining() == 0:  # it waited for a thread for too long: nobody wants the answer
                raise Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")
            return self._run(request, answered)

    def _run(self, request: Any, answered: Answered) -> Any:
        spec = request.model_spec
        signature = spec.signature_name or DEFAULT_SIGNATURE
        version_asked, label = _version_and_label(spec)
        with self._core.using(spec.name, version_asked, label) as (version, servable):
            answered.model, answered.version, answered.label = spec.name, version, label
            arrays = {name: from_proto(name, proto) for name, proto in request.inputs.items()}
            outputs = servable.run(signature, arrays, request.output_filter)
        response = predict_pb2.PredictResponse()
        response.model_spec.name, response.model_spec.signature_name = spec.name, signature
        response.model_spec.version.value = version
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(to_proto(array))
        return response

    def GetModelMetadata(self, request: Any, context: Any) -> Any:
        return _answer(context, lambda: model_metadata(self._core, request))

    def Classify(self, request: Any, context: Any) -> Any:
        _abort(context, Refusal(Code.UNIMPLEMENTED, "Classify is not served; use Predict"))

    def Regress(self, request: Any, context: Any) -> Any:
        _abort(context, Refusal(Code.UNIMPLEMENTED, "Regress is not served; use Predict"))

    def MultiInference(self, request: Any, context: Any) -> Any:
        _abort(context, Refusal(Code.UNIMPLEMENTED, "MultiInference is not served; use Predict"))


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, core: Core[Servable]) -> None:
        self._core = core

    def GetModelStatus(self, request: Any, context: Any) -> Any:
        return _answer(context, lambda: model_status(self._core, request))

    def HandleReloadConfigRequest(self, request: Any, context: Any) -> Any:
        return _answer(context, lambda: self._reload(request))

    def _reload(self, request: Any) -> Any:
        config = config_of(request.config)
        if not config.stated:
            raise Refusal(
                Code.INVALID_ARGUMENT,
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported",
            )
        self._core.reload(config)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = Code.OK.number
        return response


def model_status(core: Core[Servable], request: Any) -> Any:
    """Returns the GetModelStatusResponse; it ignores a label in the request, as the real server does."""
    if not request.HasField("model_spec"):
        raise Refusal(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    version, _ = _version_and_label(request.model_spec)
    response = get_model_status_pb2.GetModelStatusResponse()
    for number, entry in core.states(request.model_spec.name, version).items():
        added = response.model_version_status.add(version=number, state=entry.state.value)
        added.status.error_code, added.status.error_message = entry.code.number, entry.message
    return response


def model_metadata(core: Core[Servable], request: Any) -> Any:
    """Returns the GetModelMetadataResponse: the signatures of the version that the request resolves to."""
    if not request.HasField("model_spec"):
        raise Refusal(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    if not request.metadata_field:
        raise Refusal(Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise Refusal(Code.INVALID_ARGUMENT, f"Metadata field {field} is not supported")
    spec = request.model_spec
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with core.using(spec.name, *_version_and_label(spec)) as (version, servable):
        for name, definition in servable.signature_defs.items():
            signatures.signature_def[name].CopyFrom(definition)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name, response.model_spec.version.value = spec.name, version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
