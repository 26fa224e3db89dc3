"""8-bit products for serving on a CPU: the dense layers of a BERT's encoder, with ranges that were seen on posts.

Inputs of a layer become one of 256 numbers between the lowest and the highest that it was seen to have, weights one of
255 around zero. oneDNN adds up products of those without loss. All else stays float32: embeddings, attention's own
products, norms, pooler, head. The ranges are fixed when the export is made: were they those of each batch, a post's
answer would depend on whose posts stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.export.graph import ServedModel, traced
from sentiment.export.parity import ROUNDED, Reference
from sentiment.export.rounded import Rounded, changed
from sentiment.model.arithmetic import multiplies_int8, processors
from sentiment.model.batches import Encoded, padded, plan
from sentiment.model.bert_layer import dense
from sentiment.model.flat import Packed, Plain
from sentiment.model.folder import OpenedModel
from sentiment.model.forward import forward_of
from sentiment.model.scoring import BATCH_SIZE
from sentiment.step import say
from sentiment.tensorflow_setup import tf

STEPS, HALF = 255, 127  # between the 256 values of an input; the values of a weight on each side of zero
UNUSED = np.float32(1)  # the operation's inputs for a range of its result, which a float32 result has not
Range = tuple[float, float]


class Seen:
    """Computes dense layers as always, and notes between which numbers the inputs of each one were."""

    def __init__(self) -> None:
        self.ranges: dict[Any, Range] = {}

    def __call__(self, layer: Any, state: Any) -> Any:
        low, high = self.ranges.get(layer, (0.0, 0.0))
        self.ranges[layer] = min(low, float(tf.reduce_min(state))), max(high, float(tf.reduce_max(state)))
        return dense(layer, state)


def ranges_of(opened: OpenedModel, encoded: Encoded) -> dict[Any, Range]:
    """Returns the range of the inputs of each dense layer of the encoder, over these rows.

    Raises: InputError when the model is no BERT, or not one of float32.
    """
    seen = Seen()
    ask = forward_of(opened.keras, lambda bert: Plain(bert, seen))
    if ask.settings is None:
        raise InputError(
            "a model that is exported with --int8 must be a BERT in float32",
            found=f"{opened.card.name}, which is computed as Keras does it",
            do="Leave out --int8.",
        )
    for rows in plan(encoded.lengths, BATCH_SIZE):
        ask(padded(encoded, rows, opened.card.max_seq_length), training=False)
    return seen.ranges


@dataclass(frozen=True, eq=False)
class EightBit:
    """A dense layer in 8 bits.

    `weights` [in, out] times `scale` are about those of the layer; an input is about `low` and as many `steps` as its
    number says, so `bias` holds what `low` contributes, too.
    """

    weights: NDArray[np.int8]
    scale: np.float32
    low: np.float32
    step: np.float32
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, kernel: NDArray[np.float32], bias: NDArray[np.float32], seen: Range) -> EightBit:
        """Rounds a layer whose inputs were between these two numbers; zero is always between them."""
        low, high = seen
        scale = float(np.abs(kernel).max()) / HALF or 1.0
        step = (high - low) / STEPS or 1.0
        weights = np.round(kernel / scale).astype(np.int8)
        sums = weights.sum(axis=0, dtype=np.int64)
        moved = (bias + low * scale * sums).astype(np.float32)
        return cls(weights, np.float32(scale), np.float32(low), np.float32(step), moved)

    def giving(self, factor: float) -> EightBit:
        """Returns a layer that gives so many times as much, by the same whole numbers."""
        return replace(self, scale=np.float32(self.scale * factor), bias=(self.bias * factor).astype(np.float32))

    def taking(self, factor: float) -> EightBit:
        """Returns a layer that gives the same for inputs so many times as large."""
        low, step = np.float32(self.low * factor), np.float32(self.step * factor)
        return replace(self, low=low, step=step, scale=np.float32(self.scale / factor))

    def __call__(self, state: Any) -> Any:
        """Takes float32 [N, in], returns float32 [N, out]. An input outside the range counts as the nearest inside."""
        numbers, _, _ = tf.raw_ops.QuantizeV2(
            input=state,
            min_range=self.low,
            max_range=self.low + STEPS * self.step,
            T=tf.quint8,
            mode="MIN_FIRST",
            round_mode="HALF_AWAY_FROM_ZERO",
        )
        return tf.raw_ops.QuantizedMatMulWithBiasAndDequantize(
            a=numbers,
            b=tf.constant(self.weights.astype(tf.qint8.as_numpy_dtype)),  # oneDNN keeps a constant as it needs it
            bias=self.bias,
            min_a=np.float32(0),
            max_a=STEPS * self.step,
            min_b=-HALF * self.scale,
            max_b=HALF * self.scale,
            min_freezed_output=-UNUSED,
            max_freezed_output=UNUSED,
            Toutput=tf.float32,
            input_quant_mode="SCALED",
        )


class EightBitModel(ServedModel):
    """A trained model with 8-bit products as the model server sees it: the same signatures as the plain one's."""

    def __init__(self, opened: OpenedModel, ranges: Mapping[Any, Range], *, batching: bool = True) -> None:
        tf.Module.__init__(self, name="sentiment")
        ask = forward_of(opened.keras, lambda bert: layers_of(bert, ranges, Packed if batching else Plain))
        forward = traced(ask)
        self.parameters: Sequence[Any] = forward.get_concrete_function().variables  # those of 8 bits are constants
        self._answer_with(forward, opened, batching=batching, packs=ask.packs)


def layers_of(bert: Any, ranges: Mapping[Any, Range], kind: type[Plain]) -> Plain:
    """Returns what computes the layers of `bert` in 8 bits.

    GELU is x · (1 + erf(x/√2)) / 2. Between the two products that it stands between, numbers are moved by a factor of
    √½, so that it is y + y · erf(y) for √½ · x, without three passes over the widest numbers of a layer.
    """
    rounded = {layer: EightBit.of(layer.kernel.numpy(), layer.bias.numpy(), seen) for layer, seen in ranges.items()}
    if bert.config.hidden_act != "gelu":
        return kind(bert, lambda layer, state: rounded[layer](state))
    for layer in bert.encoder.layer:
        wide, narrow = layer.intermediate.dense, layer.bert_output.dense
        rounded[wide], rounded[narrow] = rounded[wide].giving(math.sqrt(0.5)), rounded[narrow].taking(math.sqrt(2.0))
    return kind(bert, lambda layer, state: rounded[layer](state), lambda state: state + state * tf.math.erf(state))


def make(
    opened: OpenedModel, reference: Reference, folder: Path, rounded: Rounded, *, batching: bool = True
) -> dict[str, Any]:
    """Writes a SavedModel with 8-bit products into `folder`, and tries it; `batching`: see ServedModel.

    Its ranges are those of the rows of the comparison. Returns {parity, changed}. Raises: ParityError when it answers
    too many rows otherwise, or is less right than the gate allows; InputError as `ranges_of` does.
    """
    if not multiplies_int8(processors()):
        say("export: this processor does not multiply int8 natively: here, 8-bit products are no faster")
    save(opened, reference.encoded, folder, batching=batching)
    try:
        parity = reference.check_saved_model(folder, ROUNDED)
    except tf.errors.InternalError as error:  # the graph names the operation, and nothing computes it
        raise InputError(
            "8-bit products must be computed by oneDNN, which TensorFlow has on x86",
            found=f"a TensorFlow without it, or with TF_ENABLE_ONEDNN_OPTS=0 ({type(error).__name__})",
            do="Export on such a machine, or leave out --int8.",
        ) from None
    return {"parity": parity, "changed": changed(opened, folder, rounded)}


def save(opened: OpenedModel, encoded: Encoded, folder: Path, *, batching: bool = True) -> None:
    """Saves `opened` as a SavedModel with 8-bit products, with the ranges of these rows. Raises: as `ranges_of`."""
    served = EightBitModel(opened, ranges_of(opened, encoded), batching=batching)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
