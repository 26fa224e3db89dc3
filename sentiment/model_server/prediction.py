"""What PredictionService answers: Predict, GetModelMetadata, and the refusals of what takes tf.Examples.

Sources: `prediction_service_impl.cc`, `predict_impl.cc`, `predict_util.cc`, `get_model_metadata_impl.cc`.
"""

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

from sentiment.model_server.core import Core
from sentiment.model_server.examples import refusal_of_examples, refusal_of_tasks
from sentiment.model_server.fair import Caller
from sentiment.model_server.metrics import Metrics
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.servable import DEFAULT_SIGNATURE, Servable
from sentiment.model_server.tensors import check_names, from_proto, to_proto

SIGNATURE_DEF = "signature_def"


def spec_of(request: Any) -> Any:
    """Returns a request's ModelSpec. Raises: Refusal (INVALID_ARGUMENT) when it has none."""
    if not request.HasField("model_spec"):
        raise Refusal(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    return request.model_spec


def version_and_label(spec: Any) -> tuple[int | None, str | None]:
    """Returns the version and the label that a ModelSpec names; one of them at most."""
    choice = spec.WhichOneof("version_choice")
    return (
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


class PredictionService:
    """Predict and GetModelMetadata, and what is refused: Classify, Regress and MultiInference."""

    def __init__(self, core: Core[Servable], metrics: Metrics) -> None:
        self._core, self._metrics = core, metrics

    def predict(self, request: Any, context: Any, caller: Caller) -> Any:
        with self._metrics.request("GRPC", "Predict") as answered, self._metrics.in_flight("GRPC"):
            spec = spec_of(request)
            answered.asked, signature = spec.name, spec.signature_name or DEFAULT_SIGNATURE
            version_asked, label = version_and_label(spec)
            with self._core.using(spec.name, version_asked, label) as (version, servable):
                answered.by(version, label)
                check_names(servable.signature(signature).inputs, request.inputs)
                arrays = {name: from_proto(name, proto) for name, proto in request.inputs.items()}
                outputs = servable.run(signature, arrays, request.output_filter, caller)
            return _response(request, version, signature, outputs)

    def metadata(self, request: Any, context: Any, caller: Caller) -> Any:
        return model_metadata(self._core, request)

    def classify(self, request: Any, context: Any, caller: Caller) -> Any:
        return self._refuse_examples("Classify", request)

    def regress(self, request: Any, context: Any, caller: Caller) -> Any:
        return self._refuse_examples("Regress", request)

    def _refuse_examples(self, method: str, request: Any) -> Any:
        with self._metrics.request("GRPC", method) as answered:
            spec = spec_of(request)
            answered.asked = spec.name
            version_asked, label = version_and_label(spec)
            with self._core.using(spec.name, version_asked, label) as (version, servable):
                answered.by(version, label)
                raise refusal_of_examples(method.lower(), servable.signature_defs, spec.signature_name)

    def multi_inference(self, request: Any, context: Any, caller: Caller) -> Any:
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._core.using(spec.name, *version_and_label(spec)) as (_, servable):
            raise refusal_of_tasks(request.tasks, servable.signature_defs)


def _response(request: Any, version: int, signature: str, outputs: dict[str, Any]) -> Any:
    response = predict_pb2.PredictResponse()
    response.model_spec.name, response.model_spec.signature_name = request.model_spec.name, signature
    response.model_spec.version.value = version
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(to_proto(array))
    return response


def model_metadata(core: Core[Servable], request: Any) -> Any:
    """Returns the GetModelMetadataResponse: the signatures of the version that the request resolves to."""
    spec = spec_of(request)
    if not request.metadata_field:
        raise Refusal(Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise Refusal(Code.INVALID_ARGUMENT, f"Metadata field {quoted(field)} is not supported")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with core.using(spec.name, *version_and_label(spec)) as (version, servable):
        for name, definition in servable.signature_defs.items():
            signatures.signature_def[name].CopyFrom(definition)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name, response.model_spec.version.value = spec.name, version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
