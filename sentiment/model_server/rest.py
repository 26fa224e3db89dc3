"""The REST interface, `/v1/models/…`: the real server's paths, bodies and HTTP codes.

Sources: `http_rest_api_util.cc`, `http_rest_api_handler.cc` and https://www.tensorflow.org/tfx/serving/api_rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from sentiment.model_server.admission import Admission
from sentiment.model_server.core import Core
from sentiment.model_server.examples import refusal_of_examples
from sentiment.model_server.fair import Caller
from sentiment.model_server.json_outputs import render
from sentiment.model_server.metrics import Answered
from sentiment.model_server.policy import LARGEST_VERSION
from sentiment.model_server.prediction import SIGNATURE_DEF, model_metadata
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.servable import DEFAULT_SIGNATURE, Servable
from sentiment.model_server.tensor_json import arrays_of, parse_body, require_list_of_examples, value_of

_VERSION_OR_LABEL = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_VERSION_OR_LABEL}:(?P<method>classify|regress|predict)", re.IGNORECASE
)
_STATUS = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION_OR_LABEL}(?:/(?P<method>metadata))?", re.IGNORECASE)
_ORIGIN = re.compile("https?://")


@dataclass(frozen=True)
class Call:
    """What a path asks for; `method` is predict, classify, regress, metadata or status."""

    method: str
    name: str
    version: int | None = None
    label: str | None = None


def parse_path(http_method: str, path: str) -> Call:
    """Returns what `POST …:predict` or `GET …` asks for; a query, with its question mark, is part of `path`.

    Whatever the path says is understood in any case, but a method only in small letters: `:PREDICT` is none, and
    `/METADATA` is not one, so it is a question for the status.

    Raises:
        Refusal: INVALID_ARGUMENT when the path is not one of the API's; without a text for a version that is no int64.
    """
    pattern = {"POST": _PREDICT, "GET": _STATUS}.get(http_method)
    match = pattern.fullmatch(path) if pattern else None
    if match and _overflows(match["version"]):
        raise Refusal(Code.INVALID_ARGUMENT, "")
    if match is None or (http_method == "POST" and not match["method"].islower()):
        raise Refusal(Code.INVALID_ARGUMENT, f"Malformed request: {http_method} {quoted(path)}")
    if not match["name"]:
        raise Refusal(Code.INVALID_ARGUMENT, "Missing model name in request.")
    method = match["method"] if match["method"] and match["method"].islower() else "status"
    version = int(match["version"].lstrip("0") or "0") if match["version"] else None
    label = unquote(match["label"]) if match["label"] else None
    return Call(method, unquote(match["name"]), version, label)


def _overflows(version: str | None) -> bool:
    digits = (version or "").lstrip("0")
    return len(digits) > len(str(LARGEST_VERSION)) or int(digits or "0") > LARGEST_VERSION


def require_origin(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises: Refusal (FAILED_PRECONDITION), without a text, unless an OPTIONS request names where it comes from."""
    origins = (value.decode("latin-1") for name, value in headers if name == b"origin")
    if not _ORIGIN.search(next(origins, "")):
        raise Refusal(Code.FAILED_PRECONDITION, "")


def answer(
    core: Core[Servable], answered: Answered, call: Call, body: bytes | bytearray, admission: Admission, caller: Caller
) -> dict[str, Any]:
    """Returns the JSON-ready answer to a call. Raises: Refusal, or what TensorFlow raised."""
    if call.method == "predict":
        return _predict(core, call, body, answered, admission, caller)
    if call.method == "status":
        return _status(core, call)
    if call.method == "metadata":
        return _metadata(core, call)
    with admission.parsing(caller, len(body)):
        document, signature = parse_body(body)
        require_list_of_examples(document)
    with core.using(call.name, call.version, call.label) as (_, servable):
        raise refusal_of_examples(call.method, servable.signature_defs, signature)


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
        document, signature = parse_body(body)
        with core.using(call.name, call.version, call.label) as (version, servable):
            answered.by(version, call.label)
            infos = _inputs_of(servable, signature)
            value, row = value_of(document)
            arrays = arrays_of(value, row=row, infos=infos)
            del document, value
            parsing.close()
            return render(servable.run(signature or DEFAULT_SIGNATURE, arrays, (), caller), row=row)


def _inputs_of(servable: Servable, signature: str) -> Any:
    definition = servable.signature_defs.get(signature or DEFAULT_SIGNATURE)
    if definition is None:
        name = quoted(signature or DEFAULT_SIGNATURE)
        raise Refusal(Code.INVALID_ARGUMENT, f'Serving signature name: "{name}" not found in signature def')
    if not definition.inputs:
        name = quoted(signature or "DEFAULT")
        raise Refusal(Code.INVALID_ARGUMENT, f"Failed to get input map for signature: {name}")
    return definition.inputs


def _status(core: Core[Servable], call: Call) -> dict[str, Any]:
    """Returns the GetModelStatusResponse as JSON: written here, since it is asked often, and a message takes longer."""
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": entry.state.name,
                "status": {"error_code": entry.code.name, "error_message": entry.message},
            }
            for version, entry in core.states(call.name, call.version).items()
        ]
    }


def _metadata(core: Core[Servable], call: Call) -> dict[str, Any]:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[SIGNATURE_DEF])
    request.model_spec.name = call.name
    if call.version is not None:
        request.model_spec.version.value = call.version
    elif call.label is not None:
        request.model_spec.version_label = call.label
    response = model_metadata(core, request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF].Unpack(signatures)
    return {"model_spec": _as_json(response.model_spec), "metadata": {SIGNATURE_DEF: _as_json(signatures)}}


def _as_json(message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, including_default_value_fields=True
    )
    return fields
