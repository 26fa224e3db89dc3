"""The gRPC port: PredictionService and ModelService of tensorflow_serving.apis, and gRPC's health service."""

from __future__ import annotations

import logging
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

from sentiment.model_server import open_files
from sentiment.model_server.config import config_of
from sentiment.model_server.core import Core
from sentiment.model_server.grpc_calls import MAX_CONCURRENT_CALLS, Calls, Work
from sentiment.model_server.health import Health
from sentiment.model_server.metrics import Metrics
from sentiment.model_server.prediction import PredictionService, spec_of, version_and_label
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.servable import Servable

PREDICTION, MODEL = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"
MAX_RECEIVED_BYTES = 16 * 1024 * 1024
MAX_SENT_BYTES = 64 * 1024 * 1024
MAX_CONNECTIONS = 4096
MILLISECONDS_FOR_HANDSHAKE = 10_000
MILLISECONDS_TO_CONFIRM = 5_000  # the settings of HTTP/2; every client does so at once
MILLISECONDS_IDLE = 600_000  # after which a connection without calls is closed; a client opens it again by itself


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Tells whether gRPC's log is about the server: of headers that are no UTF-8 it quotes all, before any token."""
    return not str(record.msg).startswith("Invalid encoding")


logging.getLogger("grpc._cython.cygrpc").addFilter(_is_worth_a_line)


def make_grpc_server(
    core: Core[Servable], metrics: Metrics, health: Health | None, calls: Calls, address: str, credentials: Any = None
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
            ("grpc.max_allowed_incoming_connections", open_files.share(MAX_CONNECTIONS)),
            # Of calls that wait to be taken in, gRPC keeps the headers, however many they are; these two are its limit.
            ("grpc.server.max_pending_requests", MAX_CONCURRENT_CALLS),
            ("grpc.server.max_pending_requests_hard_limit", MAX_CONCURRENT_CALLS),
            ("grpc.max_concurrent_streams", MAX_CONCURRENT_CALLS),  # of a connection; a client waits with further calls
            ("grpc.max_connection_idle_ms", MILLISECONDS_IDLE),
            ("grpc.server_handshake_timeout_ms", MILLISECONDS_FOR_HANDSHAKE),
            # Until a client confirms the settings, its headers have no bound worth the name.
            ("grpc.http2.settings_timeout", MILLISECONDS_TO_CONFIRM),
        ],
        maximum_concurrent_rpcs=2 * MAX_CONCURRENT_CALLS,
    )
    prediction = PredictionService(core, metrics)
    methods: dict[str, tuple[Any, Work]] = {
        "Predict": (predict_pb2.PredictRequest, prediction.predict),
        "GetModelMetadata": (get_model_metadata_pb2.GetModelMetadataRequest, prediction.metadata),
        "Classify": (classification_pb2.ClassificationRequest, prediction.classify),
        "Regress": (regression_pb2.RegressionRequest, prediction.regress),
        "MultiInference": (inference_pb2.MultiInferenceRequest, prediction.multi_inference),
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
    services = [calls.service(PREDICTION, methods), calls.service(MODEL, management)]
    if health:
        services.append(health.handler(calls.hold_small))
    server.add_generic_rpc_handlers((*services, calls.others()))
    try:
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return server, port


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
    spec = spec_of(request)
    version, _ = version_and_label(spec)
    response = get_model_status_pb2.GetModelStatusResponse()
    for number, entry in core.states(spec.name, version).items():
        added = response.model_version_status.add(version=number, state=entry.state.value)
        added.status.error_code, added.status.error_message = entry.code.number, entry.message
    return response
