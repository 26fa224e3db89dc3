"""The REST interface, `/v1/models/…`: the real server's paths, bodies and HTTP codes.

Source: `http_rest_api_util.cc` and https://www.tensorflow.org/tfx/serving/api_rest.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from sentiment.model_server.admission import Admission
from sentiment.model_server.core import Core
from sentiment.model_server.fair import Caller
from sentiment.model_server.grpc_service import SIGNATURE_DEF, model_metadata, model_status
from sentiment.model_server.metrics import Answered, Metrics
from sentiment.model_server.policy import LARGEST_VERSION
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.servable import DEFAULT_SIGNATURE, Servable
from sentiment.model_server.tensor_json import arrays_of, parse_request, render

_VERSION_OR_LABEL = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_VERSION_OR_LABEL}:(?P<method>classify|regress|predict)", re.IGNORECASE
)
_STATUS = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION_OR_LABEL}(?:/(?P<method>metadata))?", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """What a path asks for; `method` is predict, classify, regress, metadata or status."""

    method: str
    name: str
    version: int | None = None
    label: str | None = None


def parse_path(http_method: str, path: str) -> Call:
    """Returns what `POST …:predict` or `GET …` asks for.

    Raises:
        Refusal: INVALID_ARGUMENT when the path is not one of the API's.
    """
    pattern = {"POST": _PREDICT, "GET": _STATUS}.get(http_method)
    match = pattern.fullmatch(path) if pattern else None
    if match is None:
        raise Refusal(Code.INVALID_ARGUMENT, f"Malformed request: {http_method} {quoted(path)}")
    if not match["name"]:
        raise Refusal(Code.INVALID_ARGUMENT, "Missing model name in request.")
    version = int(match["version"]) if match["version"] and len(match["version"]) < 20 else None
    if match["version"] and (version is None or version > LARGEST_VERSION):
        raise Refusal(Code.INVALID_ARGUMENT, f"Failed to convert version: {match['version'][:32]} to numeric.")
    label = unquote(match["label"]) if match["label"] else None
    return Call((match["method"] or "status").lower(), unquote(match["name"]), version, label)


def answer(
    core: Core[Servable], metrics: Metrics, call: Call, body: bytes | bytearray, admission: Admission, caller: Caller
) -> dict[str, Any]:
    """Returns the JSON-ready answer to a call. Raises: Refusal, or what TensorFlow raised."""
    if call.method == "predict":
        with metrics.predict("REST") as answered:
            return _predict(core, call, body, answered, admission, caller)
    if call.method == "status":
        return _status(core, call)
    if call.method == "metadata":
        return _metadata(core, call)
    raise Refusal(Code.UNIMPLEMENTED, f"{call.method} is not served; use predict")


def _predict(
    core: Core[Servable],
    call: Call,
    body: bytes | bytearray,
    answered: Answered,
    admission: Admission,
    caller: Caller,
) -> dict[str, Any]:
    with ExitStack() as parsing:
        parsing.enter_context(admission.parsing(caller, len(body)))
        request = parse_request(body)
        signature, row = request.signature or DEFAULT_SIGNATURE, request.row
        with core.using(call.name, call.version, call.label) as (version, servable):
            answered.model, answered.version, answered.label = call.name, version, call.label
            arrays = arrays_of(request, _inputs_of(servable, signature))
            del request
            parsing.close()
            return render(servable.run(signature, arrays, (), caller), row=row)


def _inputs_of(servable: Servable, signature: str) -> Any:
    definition = servable.signature_defs.get(signature)
    if definition is None or not definition.inputs:
        raise Refusal(
            Code.INVALID_ARGUMENT, f'Serving signature name: "{quoted(signature)}" not found in signature def'
        )
    return definition.inputs


def _status(core: Core[Servable], call: Call) -> dict[str, Any]:
    request = get_model_status_pb2.GetModelStatusRequest()
    _fill(request.model_spec, call)
    return _as_json(model_status(core, request))


def _metadata(core: Core[Servable], call: Call) -> dict[str, Any]:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[SIGNATURE_DEF])
    _fill(request.model_spec, call)
    response = model_metadata(core, request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF].Unpack(signatures)
    return {"model_spec": _as_json(response.model_spec), "metadata": {SIGNATURE_DEF: _as_json(signatures)}}


def _fill(spec: Any, call: Call) -> None:
    spec.name = call.name
    if call.version is not None:
        spec.version.value = call.version
    elif call.label is not None:
        spec.version_label = call.label


def _as_json(message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, including_default_value_fields=True
    )
    return fields
