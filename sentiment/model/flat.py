"""A BERT's forward pass with the weights of transformers' model, in the shape that a CPU computes fastest.

transformers keeps a batch as [rows, pieces, width]. The gradient of each bias and norm is then a sum over two axes, for
which XLA's code on a CPU needs ten times as long as for one (20 ms and 2 ms, of 4,080 × 1,024): here a batch is
[rows · pieces, width]. Without XLA, too, it takes a sixth less processor time. Tests hold it to transformers' numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sentiment.model.bert_layer import (
    Activation,
    Drawn,
    Drop,
    Layer,
    Places,
    Product,
    as_tensors,
    dense,
    kind_of,
    normed,
    of_keras,
    passed,
)
from sentiment.tensorflow_setup import tf

MULTIPLE = 16  # where empty places are left out, there are always a multiple of so many vectors
HIDDEN = -1e9  # what is added to the score of a place where there is no piece


class Plain:
    """Computes layers one operation after the other."""

    packs = False
    halves = False  # whether a training computes each half of its rows by itself

    def __init__(self, bert: Any, product: Product = dense, activation: Activation | None = None) -> None:
        """`product` computes dense layers; `activation` stands for the BERT's own."""
        kind = kind_of(bert)
        self._kind, self._product = kind._replace(activation=activation or kind.activation), product

    def __call__(self, layer: Any, state: Any, unseen: Any, drawn: Drawn | None, places: Places | None = None) -> Any:
        return passed(self._kind, of_keras(layer), state, unseen, drawn, self._product, places)


class Packed(Plain):
    """The same, without computing anything of empty places but for the products between pieces of a row.

    It is for answers on a CPU, and for graphs whose shapes need not be known.
    """

    packs = True


class Compiled:
    """Computes layers in what XLA makes of one, once for each shape of a batch: compiling all of them takes longer.

    Much of such a program runs on one core. So a training computes each half of its rows by itself, side by side; of
    answers, several batches are computed at a time.
    """

    packs = False
    halves = True

    def __init__(self, bert: Any) -> None:
        kind = kind_of(bert)

        def of_weights(layer: Layer, state: Any, unseen: Any, drawn: Drawn | None) -> Any:
            return passed(kind, layer, state, unseen, drawn, dense)

        self._compiled = tf.function(of_weights, jit_compile=True, autograph=False, reduce_retracing=True)

    def __call__(self, layer: Any, state: Any, unseen: Any, drawn: Drawn | None, places: Places | None = None) -> Any:
        return self._compiled(as_tensors(of_keras(layer)), state, unseen, drawn)


Layers = Plain | Compiled


def encoded(
    bert: Any, ids: Any, there: Any, segments: Any = None, *, training: bool = False, layers: Layers | None = None
) -> Any:
    """Returns the vectors of all pieces, float32 [rows · pieces, width]; `there` is 1 where there is a piece.

    Without `segments`, all are the first. `layers` computes the layers. Dropout draws from the layers' own
    generators, and as many numbers as in transformers' pass.
    """
    layers = layers or Plain(bert)
    unseen = HIDDEN * (1.0 - tf.cast(there, tf.float32))[:, tf.newaxis, tf.newaxis, :]
    state = _embedded(bert.embeddings, ids, segments)
    state = bert.embeddings.dropout(state, training=training)
    places = _places(there) if layers.packs else None
    if places:
        state = tf.gather(state, places.taken)
    parts = partial(_halves, tf.shape(ids)[0]) if training and layers.halves else _whole
    states, masks = parts(state), parts(unseen)
    for layer in bert.encoder.layer:
        drawn = parts(_draw(layer, state, unseen) if training else None)
        states = [layers(layer, *part, places) for part in zip(states, masks, drawn, strict=True)]
    state = tf.concat(states, axis=0)
    return tf.gather(state, places.grid) if places else state


def _whole(batch: Any) -> list[Any]:
    return [batch]


def _halves(rows: Any, batch: Any) -> list[Any]:
    """Returns `batch` with what its tensors have of half the rows, and with what they have of the others."""

    def half(part: Any, second: bool) -> Any:
        if not tf.is_tensor(part):
            return part  # a rate
        middle = tf.shape(part)[0] // rows * (rows // 2)
        return part[middle:] if second else part[:middle]

    return [tf.nest.map_structure(partial(half, second=second), batch) for second in (False, True)]


def _places(there: Any) -> Places:
    """Returns the places of pieces, and of each row's first, which stands for its row whatever the mask says of it.

    There are some vectors more, so that there are few different numbers of them: for each, oneDNN makes a program.
    """
    first = tf.range(tf.shape(there)[1])[tf.newaxis, :] == 0
    taken = (there != 0) | first
    number = tf.reshape(tf.cumsum(tf.cast(tf.reshape(taken, (-1,)), tf.int32)) - 1, tf.shape(taken))
    grid = tf.where(taken, number, number[:, :1])
    places = tf.cast(tf.where(tf.reshape(taken, (-1,)))[:, 0], tf.int32)
    return Places(tf.pad(places, [[0, -tf.shape(places)[0] % MULTIPLE]]), tf.reshape(grid, (-1,)))


def _draw(layer: Any, state: Any, unseen: Any) -> Drawn:
    """Draws for a layer, in the order of transformers' pass."""
    attention = layer.attention.self_attention
    rows, pieces = tf.shape(unseen)[0], tf.shape(unseen)[3]

    def uniform(dropout: Any, shape: Any) -> Drop | None:
        if not dropout.rate:
            return None
        return dropout._random_generator.random_uniform(shape, dtype=tf.float32), dropout.rate

    return Drawn(
        uniform(attention.dropout, (rows, attention.num_attention_heads, pieces, pieces)),
        uniform(layer.attention.dense_output.dropout, tf.shape(state)),
        uniform(layer.bert_output.dropout, tf.shape(state)),
    )


def _embedded(embeddings: Any, ids: Any, segments: Any) -> Any:
    pieces, width = tf.shape(ids)[1], embeddings.weight.shape[1]
    kinds = embeddings.token_type_embeddings
    summed = tf.gather(embeddings.weight, ids) + embeddings.position_embeddings[:pieces]
    state = tf.reshape(summed, (-1, width))
    if segments is None:
        state += kinds[0]
    else:
        # There are two kinds: a sum of products, whose gradient is one too, where a lookup's is a loop in XLA.
        second = tf.cast(tf.reshape(segments, (-1, 1)), tf.float32)
        state += (1.0 - second) * kinds[0] + second * kinds[1]
    return normed(embeddings.LayerNorm, state, embeddings.LayerNorm.epsilon)
