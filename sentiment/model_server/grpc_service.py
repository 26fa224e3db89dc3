"""The gRPC port: PredictionService and ModelService of tensorflow_serving.apis, and gRPC's health service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from sentiment.model_server.config import config_of
from sentiment.model_server.core import Core
from sentiment.model_server.fair import Caller
from sentiment.model_server.grpc_calls import MAX_CONCURRENT_CALLS, Calls, Work
from sentiment.model_server.health import Health
from sentiment.model_server.metrics import Answered, Metrics
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.servable import DEFAULT_SIGNATURE, Servable
from sentiment.model_server.tensors import from_proto, to_proto

SIGNATURE_DEF = "signature_def"
PREDICTION, MODEL = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"
MAX_RECEIVED_BYTES = 16 * 1024 * 1024
MAX_SENT_BYTES = 64 * 1024 * 1024
MAX_CONNECTIONS = 4096
MILLISECONDS_FOR_HANDSHAKE = 10_000
MILLISECONDS_IDLE = 600_000  # after which a connection without calls is closed; a client opens it again by itself


def make_grpc_server(
    core: Core[Servable], metrics: Metrics, health: Health, calls: Calls, address: str, credentials: Any = None
) -> tuple[grpc.Server, int]:
    """Returns a server bound to `address`, not started, and its port. Raises: OSError when it cannot be bound.

    With `credentials`, which `grpc.ssl_server_credentials` makes, it speaks TLS.
    """
    server = grpc.server(
        calls.threads,
        options=[
            ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
            ("grpc.max_send_message_length", MAX_SENT_BYTES),
            ("grpc.per_message_decompression", 0),  # `admission` unpacks, and counts what comes out
            # Otherwise a fast client's windows grow until all of a message comes before anybody asks for it.
            ("grpc.http2.bdp_probe", 0),
            ("grpc.so_reuseport", 0),  # otherwise a second server would share the port silently
            ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
            ("grpc.max_concurrent_streams", MAX_CONCURRENT_CALLS),  # of a connection; a client waits with further calls
            ("grpc.max_connection_idle_ms", MILLISECONDS_IDLE),
            ("grpc.server_handshake_timeout_ms", MILLISECONDS_FOR_HANDSHAKE),
        ],
        maximum_concurrent_rpcs=2 * MAX_CONCURRENT_CALLS,
    )
    prediction = PredictionService(core, metrics)
    methods: dict[str, tuple[Any, Work]] = {
        "Predict": (predict_pb2.PredictRequest, prediction.predict),
        "GetModelMetadata": (get_model_metadata_pb2.GetModelMetadataRequest, prediction.metadata),
        "Classify": (classification_pb2.ClassificationRequest, _not_served("Classify")),
        "Regress": (regression_pb2.RegressionRequest, _not_served("Regress")),
        "MultiInference": (inference_pb2.MultiInferenceRequest, _not_served("MultiInference")),
    }
    management: dict[str, tuple[Any, Work]] = {
        "GetModelStatus": (
            get_model_status_pb2.GetModelStatusRequest,
            lambda request, context, caller: model_status(core, request),
        ),
        "HandleReloadConfigRequest": (
            model_management_pb2.ReloadConfigRequest,
            lambda request, context, caller: _reload(core, calls, request, context),
        ),
    }
    server.add_generic_rpc_handlers(
        (
            calls.service(PREDICTION, methods),
            calls.service(MODEL, management),
            health.handler(calls.hold_small),
            calls.others(),
        )
    )
    try:
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return server, port


def _not_served(name: str) -> Work:
    def refuse(request: Any, context: Any, caller: Caller) -> Any:
        raise Refusal(Code.UNIMPLEMENTED, f"{name} is not served; use Predict")

    return refuse


def _version_and_label(spec: Any) -> tuple[int | None, str | None]:
    choice = spec.WhichOneof("version_choice")
    return (
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


class PredictionService:
    """Predict and GetModelMetadata."""

    def __init__(self, core: Core[Servable], metrics: Metrics) -> None:
        self._core, self._metrics = core, metrics

    def predict(self, request: Any, context: Any, caller: Caller) -> Any:
        with self._metrics.predict("GRPC") as answered:
            return self._run(request, caller, answered)

    def metadata(self, request: Any, context: Any, caller: Caller) -> Any:
        return model_metadata(self._core, request)

    def _run(self, request: Any, caller: Caller, answered: Answered) -> Any:
        spec = request.model_spec
        signature = spec.signature_name or DEFAULT_SIGNATURE
        version_asked, label = _version_and_label(spec)
        with self._core.using(spec.name, version_asked, label) as (version, servable):
            answered.model, answered.version, answered.label = spec.name, version, label
            _require_few(servable.signature(signature), request.inputs)
            arrays = {name: from_proto(name, proto) for name, proto in request.inputs.items()}
            outputs = servable.run(signature, arrays, request.output_filter, caller)
        return _response(request, version, signature, outputs)


def _require_few(definition: Any, inputs: Sequence[str]) -> None:
    """Raises: Refusal for more inputs than any request needs: each one is converted before it is checked."""
    if len(inputs) > len(definition.inputs) + 8:
        raise Refusal(
            Code.INVALID_ARGUMENT, f"input size does not match signature: {len(inputs)}!={len(definition.inputs)}"
        )


def _response(request: Any, version: int, signature: str, outputs: dict[str, Any]) -> Any:
    response = predict_pb2.PredictResponse()
    response.model_spec.name, response.model_spec.signature_name = request.model_spec.name, signature
    response.model_spec.version.value = version
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(to_proto(array))
    return response


def _reload(core: Core[Servable], calls: Calls, request: Any, context: Any) -> Any:
    calls.access.require_reload(context.peer())
    config = config_of(request.config)
    if not config.stated:
        raise Refusal(
            Code.INVALID_ARGUMENT,
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        )
    core.reload(config)
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
            raise Refusal(Code.INVALID_ARGUMENT, f"Metadata field {quoted(field)} is not supported")
    spec = request.model_spec
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with core.using(spec.name, *_version_and_label(spec)) as (version, servable):
        for name, definition in servable.signature_defs.items():
            signatures.signature_def[name].CopyFrom(definition)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name, response.model_spec.version.value = spec.name, version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
