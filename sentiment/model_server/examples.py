"""Classify, Regress and MultiInference, which take tf.Examples: refused in the real server's words.

It answers them for a signature that is made for them, with one input called `inputs`, and tells of any other what it
lacks. No export of this project has such a signature, so only the refusals are here; one that has it is UNIMPLEMENTED.
Sources: `classifier.cc:PreProcessClassification`, `regressor.cc:PreProcessRegression`, `multi_inference.cc:Infer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.servable import DEFAULT_SIGNATURE

METHODS = {"tensorflow/serving/classify": "classify", "tensorflow/serving/regress": "regress"}


def refusal_of_examples(method: str, definitions: Mapping[str, Any], signature: str) -> Refusal:
    """Returns the answer to a request for `method`, classify or regress.

    `definitions` is name → SignatureDef; `signature` is the name that the request has, or empty.
    """
    definition = definitions.get(signature or DEFAULT_SIGNATURE)
    if definition is None:
        return _invalid(f"No signature was found with the name: {quoted(signature or DEFAULT_SIGNATURE)}")
    wrong = _wrong(method, definition)
    return _invalid(wrong) if wrong else _not_served(method)


def refusal_of_tasks(tasks: Any, definitions: Mapping[str, Any]) -> Refusal:
    """Returns the answer to a MultiInferenceRequest with these tasks."""
    for task in tasks:
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name not in definitions:
            return _invalid(f"Requested signature not found in model graph: {quoted(name)}")
        if task.method_name not in METHODS:
            return Refusal(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {quoted(task.method_name)}")
        if wrong := _wrong(METHODS[task.method_name], definitions[name]):
            return _invalid(wrong)
    return _not_served("MultiInference")


def _wrong(method: str, definition: Any) -> str:
    """Returns what a signature lacks for tf.Examples, in the order in which the real server looks."""
    if len(definition.inputs) != 1:
        return "Expected one input Tensor."
    return _wrong_for_classify(definition) if method == "classify" else _wrong_for_regress(definition)


def _wrong_for_classify(definition: Any) -> str:
    outputs = set(definition.outputs)
    if len(outputs) not in (1, 2):
        return f"Expected one or two output Tensors, found {len(outputs)}"
    if "inputs" not in definition.inputs:
        return f"No classification inputs found in SignatureDef: {definition}"
    if not outputs & {"classes", "scores"}:
        wanted = 'at least one of "classes" or "scores"'
        return f"Expected classification signature outputs to contain {wanted}. Signature was: {definition}"
    return ""


def _wrong_for_regress(definition: Any) -> str:
    if len(definition.outputs) != 1:
        return "Expected one output Tensor."
    for kind in ("inputs", "outputs"):
        if kind not in getattr(definition, kind):
            return f"No regression {kind} found in SignatureDef: {definition}"
    return ""


def _invalid(message: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, message)


def _not_served(method: str) -> Refusal:
    return Refusal(Code.UNIMPLEMENTED, f"{method} is not served; use predict")
