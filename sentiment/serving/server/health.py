"""gRPC's health service (`grpc.health.v1.Health`), so that a probe can ask whether the server is up.

The messages are two fields in all, described here instead of taking a package for them.
Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "grpc.health.v1.Health"
SERVING = 1


def health_messages() -> tuple[Any, Any]:
    """Returns the classes HealthCheckRequest (`service`) and HealthCheckResponse (`status`)."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="sentiment/health.proto", package="grpc.health.v1", syntax="proto3")
    for message, name, kind in (
        ("HealthCheckRequest", "service", field.TYPE_STRING),
        ("HealthCheckResponse", "status", field.TYPE_INT32),  # an enum on the wire is an int32
    ):
        file.message_type.add(name=message).field.add(name=name, number=1, type=kind, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    messages = pool.AddSerializedFile(file.SerializeToString()).message_types_by_name
    request, response = (message_factory.GetMessageClass(messages[name]) for name in sorted(messages))
    return request, response


def health_handler() -> Any:
    """Returns the handler of Check: SERVING for the whole server (service ""), NOT_FOUND for any other name."""
    request_class, response_class = health_messages()

    def check(request: Any, context: Any) -> Any:
        if request.service:
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {request.service}")
        return response_class(status=SERVING)

    method = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=request_class.FromString,
        response_serializer=response_class.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"Check": method})
