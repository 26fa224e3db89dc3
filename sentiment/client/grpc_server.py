"""One server over gRPC. Importing this module imports TensorFlow: the service's message classes need it."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from sentiment.client.answer import (
    NO_TITLES,
    OUTPUTS,
    TEXT,
    TITLED,
    Failure,
    NoTitles,
    Prediction,
    Then,
    predictions_of,
)
from sentiment.client.credentials import Credentials, credentials
from sentiment.tensorflow_setup import tf

TRANSIENT = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED})
REFUSED = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED,
                     grpc.StatusCode.PERMISSION_DENIED})  # fmt: skip
# By default a channel waits from one second to two minutes before it reconnects: longer than most deadlines.
OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 2000))


class GrpcServer:
    """A server's gRPC address, `host:port`; its answers name the version that made them. Do not use it after a fork."""

    def __init__(self, place: str, model: str, shown: Credentials | None = None, *, secure: bool = False) -> None:
        self.address = f"{'grpcs' if secure else 'grpc'}://{place}"
        self._model, shown = model, shown or credentials()
        self._metadata = [(name.lower(), value) for name, value in shown.headers.items()]
        self._channel = (
            grpc.secure_channel(place, grpc.ssl_channel_credentials(shown.pem()), options=OPTIONS)
            if secure
            else grpc.insecure_channel(place, options=OPTIONS)
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def ask(
        self, texts: Sequence[str], label: str, seconds: float, titles: Sequence[str] | None = None
    ) -> tuple[list[Prediction], int]:
        """Returns the predictions of `texts` and the version that made them. Raises: Failure."""
        request = predict_pb2.PredictRequest(output_filter=OUTPUTS)
        request.model_spec.name, request.model_spec.version_label = self._model, label
        request.model_spec.signature_name = TEXT if titles is None else TITLED
        for name, values in (("text", texts), ("title", titles)):
            if values is not None:
                request.inputs[name].CopyFrom(tf.make_tensor_proto([value.encode() for value in values], tf.string))
        try:
            response = self._stub.Predict(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _refusal(error) from None
        return _predictions(response, len(texts)), int(response.model_spec.version.value)

    def close(self) -> None:
        self._channel.close()


def _predictions(response: predict_pb2.PredictResponse, texts: int) -> list[Prediction]:
    try:
        labels, ids, probabilities = (tf.make_ndarray(response.outputs[name]).tolist() for name in OUTPUTS)
        names = [label.decode("utf-8") for label in labels]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Failure(f"the answer must have {', '.join(OUTPUTS)}; found {error!r}", Then.ELSEWHERE) from None
    return predictions_of((names, ids, probabilities), texts)


def _refusal(error: grpc.RpcError) -> Failure:
    code = error.code()
    if NO_TITLES in str(error.details()):
        return NoTitles(str(error.details()))
    then = Then.AGAIN if code in TRANSIENT else Then.NEVER if code in REFUSED else Then.ELSEWHERE
    return Failure(f"{code.name}: {error.details()}", then)
