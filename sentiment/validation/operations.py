"""Can production's server compute every operation of a graph? It links fewer than the trainer.

`tensorflow/serving:2.17` is TensorFlow 2.17 with the operations of TF-Text 2.12.1 (`SUPPORTED_TENSORFLOW_OPS` in its
tensorflow_serving/model_servers/BUILD, the version in tensorflow_serving/workspace.bzl); the trainer has TF-Text 2.17.
An operation that is not linked fails the request that needs it: "Op type not registered".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sentiment.export.formats import MARKS, SAVED_MODEL
from sentiment.tensorflow_setup import tf

SERVER = "tensorflow/serving:2.17"
# What `tensorflow_text:ops_lib` registers. Not here: what came with 2.13 (RoundRobinTrim, RoundRobinGenerateMasks,
# Utf8Binarize) and with 2.12 itself (Phrase…, ByteSplitByOffsets, BoiseTagsToOffsets: not seen in that target), by the
# release notes of tensorflow/text; tensorflow/serving's issue 2267 is the first of them failing.
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
    """Returns TensorFlow's own operations: `tf.raw_ops` holds what is part of it, and nothing that was loaded later."""
    return frozenset(name for name in dir(tf.raw_ops) if not name.startswith("_"))


def operations_of(export: Path) -> frozenset[str]:
    """Returns the operations of a SavedModel's graphs and their function libraries.

    A name that is a function of the same library is none. A file that is no SavedModel has none: it does not load.
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
    """Returns what to do about operations that the server does not link."""
    names = set(names)
    if names and names <= TENSORRT:
        return "Serve it by the image tensorflow/serving:2.17.1-gpu, and validate with --gpu-image."
    if any("RoundRobin" in name for name in names):
        return "Cut pieces to length by slicing instead of a Trimmer."
    return "Build the tokenizer from operations of TF-Text 2.12.1, or of TensorFlow alone."
