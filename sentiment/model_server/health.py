"""Serves gRPC's health service (`grpc.health.v1.Health`), so that a probe can ask whether the server is up.

The messages have only two fields in all, so this module describes them instead of needing a package.
Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "grpc.health.v1.Health"
SERVING, NOT_SERVING = 1, 2


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


class Health:
    """Answers Check for the whole server: NOT_SERVING until it is ready, and while it stops.

    It is asked without a token, so a call's message is never read: nothing that a stranger sends, or does not send, is
    held or waited for. So every service that a call may name is answered as the whole server. Watch is UNIMPLEMENTED.
    """

    def __init__(self) -> None:
        self.serving = False
        _, self._response = health_messages()

    def handler(self, hold: Callable[[Any], None] = lambda _: None) -> Any:
        """Returns what a gRPC server needs to answer; `hold` is told of each call, and counts its answer."""

        def check(_: Iterator[bytes], context: Any) -> Any:
            hold(context)
            return self._response(status=SERVING if self.serving else NOT_SERVING)

        # As in `grpc_calls`, a method that streams its request: gRPC reads a message only when it is asked for.
        method = grpc.stream_unary_rpc_method_handler(check, None, self._response.SerializeToString)
        return grpc.method_handlers_generic_handler(SERVICE, {"Check": method})
