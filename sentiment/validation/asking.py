"""Asks one version of a throw-away server, over gRPC and REST, as a customer would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from sentiment.errors import SentimentError
from sentiment.tensorflow_setup import tf
from sentiment.validation.throwaway import ThrowawayServer

Arrays = dict[str, NDArray[Any]]
TIMEOUT = 120.0  # seconds for one answer: the largest batch of the longest posts, on a slow machine
LONGEST_CAUSE = 300  # characters of what the server said


class AnswerError(SentimentError):
    """The server did not answer; the message holds its status and what it said."""


class Version:
    """One version of a server, which can be asked."""

    def __init__(self, server: ThrowawayServer, number: int, channel: Any) -> None:
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.number, self._server = number, server
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def request(self, signature: str, inputs: Mapping[str, Any]) -> Any:
        """Returns the PredictRequest for arrays by input name; texts are bytes."""
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        self._name(request.model_spec)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return request

    def send(self, request: Any) -> Any:
        """Returns the PredictResponse. Raises: AnswerError."""
        with self._told():
            return self._stub.Predict(request, timeout=TIMEOUT)

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Arrays:
        """Returns the outputs by name. Raises: AnswerError."""
        response = self.send(self.request(signature, inputs))
        return {name: np.asarray(tf.make_ndarray(proto)) for name, proto in response.outputs.items()}

    def signatures(self) -> dict[str, Any]:
        """Returns the SignatureDef of every signature by name, from GetModelMetadata. Raises: AnswerError."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name(request.model_spec)
        with self._told():
            response = self._stub.GetModelMetadata(request, timeout=TIMEOUT)
        found = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        return dict(found.signature_def)

    def predict_by_rest(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Returns, for each text, the outputs of signature `text`. Raises: AnswerError."""
        body = json.dumps({"signature_name": "text", "instances": list(texts)}).encode()
        url = f"{self._server.rest}/v1/models/{self._server.model_name}/versions/{self.number}:predict"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=TIMEOUT) as response:
                rows: list[dict[str, Any]] = json.load(response)["predictions"]
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode("utf-8", "replace")
            raise self._not_answered(f"{error.code} {said}") from None
        except (OSError, ValueError, KeyError) as error:
            raise self._not_answered(str(error)) from None
        return rows

    def _name(self, spec: Any) -> None:
        spec.name, spec.version.value = self._server.model_name, self.number

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise self._not_answered(f"{error.code().name} {error.details()}") from None

    def _not_answered(self, cause: str) -> AnswerError:
        if not self._server.is_running():
            return AnswerError(f"the server has ended; it last said: {self._server.last_line()[:LONGEST_CAUSE]}")
        return AnswerError(f"the server answered {' '.join(cause.split())[:LONGEST_CAUSE]}")


@contextmanager
def connected(server: ThrowawayServer) -> Iterator[Any]:
    """Yields a direct channel to the server, for answers of any size."""
    options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.grpc, options=options) as channel:
        yield channel
