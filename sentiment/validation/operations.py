"""Checks that production's server can compute every operation of a graph: it links fewer than the trainer.

`tensorflow/serving:2.17` is TensorFlow 2.17 with the operations of TF-Text 2.12.1 (`SUPPORTED_TENSORFLOW_OPS` in its
tensorflow_serving/model_servers/BUILD, the version in tensorflow_serving/workspace.bzl); the trainer has TF-Text 2.17.
A request that needs an operation which is not linked fails with "Op type not registered".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sentiment.export.formats import MARKS, SAVED_MODEL
from sentiment.tensorflow_setup import tf

SERVER = "tensorflow/serving:2.17"
# What `tensorflow_text:ops_lib` registers. It leaves out what came with 2.13 (RoundRobinTrim, RoundRobinGenerateMasks,
# Utf8Binarize) and with 2.12 itself (Phrase…, ByteSplitByOffsets, BoiseTagsToOffsets: not seen in that target),
# according to the release notes of tensorflow/text; in tensorflow/serving's issue 2267 the first of them fails.
TF_TEXT = frozenset(
    {
        "CaseFoldUTF8",
        "ConstrainedSequence",
        "FastBertNormalize",
        "FastWordpieceTokenizeWithOffsets",
        "FindSourceOffsets",
        "MaxSpanningTree",
        "NormalizeUTF8",
        "NormalizeUTF8WithOffsetsMap",
        "RegexSplitWithOffsets",
        "RougeL",
        "SentenceFragments",
        "SentenceFragmentsV2",
        "SentencepieceDetokenizeOp",
        "SentencepieceIdToStringOp",
        "SentencepieceOp",
        "SentencepieceStringToIdOp",
        "SentencepieceTokenizeOp",
        "SentencepieceTokenizeWithOffsetsOp",
        "SentencepieceVocabSizeOp",
        "SplitMergeTokenizeWithOffsets",
        "TFText>ByteSplitWithOffsets",
        "TFText>FastSentencepieceDetokenize",
        "TFText>FastSentencepieceTokenize",
        "TFText>FastWordpieceDetokenize",
        "TFText>NgramsStringJoin",
        "TFText>OffsetsToBoiseTags",
        "TFText>WhitespaceTokenizeWithOffsetsV2",
        "TokenizerFromLogits",
        "UnicodeScriptTokenizeWithOffsets",
        "WhitespaceTokenizeWithOffsets",
        "WordpieceTokenizeWithOffsets",
    }
)
# Only the -gpu image links TensorRT.
TENSORRT = frozenset({"CreateTRTResourceHandle", "InitializeTRTResource", "SerializeTRTResource", "TRTEngineOp"})


def core_operations() -> frozenset[str]:
    """Returns TensorFlow's own operations: `tf.raw_ops` holds those, and nothing that was loaded later."""
    return frozenset(name for name in dir(tf.raw_ops) if not name.startswith("_"))


def operations_of(export: Path) -> frozenset[str]:
    """Returns the operations of a SavedModel's graphs and their function libraries.

    The name of a function in the same library is not an operation. A file that is not a SavedModel has none.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        model = SavedModel.FromString((export / MARKS[SAVED_MODEL]).read_bytes())
    except DecodeError:
        return frozenset()
    found: set[str] = set()
    for graph in (meta.graph_def for meta in model.meta_graphs):
        functions = {function.signature.name for function in graph.library.function}
        nodes = [node for function in graph.library.function for node in function.node_def]
        found |= {node.op for node in (*graph.node, *nodes)} - functions
    return frozenset(found)


def unknown(used: Iterable[str], *, gpu: bool = False) -> list[str]:
    """Returns which of these operations the server does not link, in order; `gpu`: the -gpu image."""
    known = core_operations() | TF_TEXT | (TENSORRT if gpu else frozenset())
    return sorted(set(used) - known)


def way_out(names: Iterable[str]) -> str:
    """Returns what to do about operations that the server does not link, as an imperative sentence."""
    names = set(names)
    if names and names <= TENSORRT:
        return "Serve it with the image tensorflow/serving:2.17.1-gpu, and validate it with --gpu-image."
    if any("RoundRobin" in name for name in names):
        return "Cut pieces to length by slicing instead of a Trimmer."
    return "Build the tokenizer from operations of TF-Text 2.12.1, or of TensorFlow only."
