"""The encoder with its masked-language head, and what one part of a step does: gradients are added up, then used.

Only the hidden pieces are said: the head over the whole vocabulary is asked at those places, not at every one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sentiment.lean import importing
from sentiment.model import classifier, pretrained
from sentiment.model.flat import encoded
from sentiment.pretraining.filled import NONE
from sentiment.tensorflow_setup import keras, tf

Part = Callable[[Any, Any, Any, Any], Any]
SIGNATURE = [
    tf.TensorSpec((None, None), tf.int32),  # ids
    tf.TensorSpec((None, None), tf.int32),  # 1 where there is a piece
    tf.TensorSpec((None,), tf.int32),  # places: row · pieces + column
    tf.TensorSpec((None,), tf.int32),  # answers; NONE where nothing is asked
]
BETAS, EPSILON = (0.9, 0.98), 1e-6
LONGEST_GRADIENT = 1.0  # norm of a step's


def architecture(layers: int, width: int, heads: int, pieces: int, positions: int) -> dict[str, Any]:
    """Returns the settings of a BERT without dropout: an encoder of this size never sees enough to need it."""
    return {
        "model_type": "bert",
        "vocab_size": pieces,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": positions,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def built(settings: dict[str, Any], seed: int, weights: Path | None = None) -> Any:
    """Returns transformers' TFBertForMaskedLM with the weights of a file, or with random ones, which `seed` decides.

    Raises: InputError when the settings are none of a BERT, or of a far larger one than the file holds.
    """
    with importing("transformers"):
        from transformers import BertConfig, TFBertForMaskedLM

    if weights:
        pretrained.require_room(settings, weights)
    keras.utils.set_random_seed(seed)
    with classifier.buildable("bert"):
        model = TFBertForMaskedLM(BertConfig(**settings))
        tf.autograph.experimental.do_not_convert(model)(tf.zeros((1, 2), tf.int32))
    if weights:
        pretrained.load(model, weights)
    return model


def logits_at(model: Any, ids: Any, there: Any, places: Any) -> Any:
    """Returns what the model says at the places: float32 [N, pieces]."""
    state = encoded(model.bert, ids, there)
    return tf.cast(model.mlm.predictions(tf.gather(state, places)[tf.newaxis])[0], tf.float32)


# Compiled by XLA, once for each shape: on a CPU, 1.7 times as many pieces a second.
COMPILED = {"input_signature": SIGNATURE, "autograph": False, "jit_compile": True}


class Adding:
    """A model of which gradients of parts add up in `sums`, so that a step may be of any size."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.weights = model.trainable_variables
        self.sums = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self.weights]
        self.add: Part = tf.function(self._add, **COMPILED)

    def _add(self, ids: Any, there: Any, places: Any, answers: Any) -> Any:
        """Adds a part's gradients; returns the sum of its losses."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(_losses(logits_at(self.model, ids, there, places), answers))
        for total, gradient in zip(self.sums, tape.gradient(loss, self.weights), strict=True):
            if gradient is not None:
                total.assign_add(tf.convert_to_tensor(gradient))
        return loss


class Learning(Adding):
    """A model that learns: `step` uses the sums."""

    def __init__(self, model: Any, weight_decay: float) -> None:
        super().__init__(model)
        self.optimizer = keras.optimizers.legacy.Adam(beta_1=BETAS[0], beta_2=BETAS[1], epsilon=EPSILON)
        self.optimizer._create_all_weights(self.weights)
        # Biases and norms are not pulled to 0 (Loshchilov and Hutter 2017).
        self._decays = [weight_decay if len(weight.shape) > 1 else 0.0 for weight in self.weights]
        self.ask: Part = tf.function(self._ask, **COMPILED)
        rate = tf.TensorSpec((), tf.float32)
        self.step: Callable[[Any, Any], Any] = tf.function(
            self._step, input_signature=[rate, rate], autograph=False, jit_compile=True
        )

    def _ask(self, ids: Any, there: Any, places: Any, answers: Any) -> tuple[Any, Any]:
        """Returns the sum of a part's losses, and how many of its pieces are said right."""
        logits = logits_at(self.model, ids, there, places)
        said = tf.gather(logits, tf.maximum(answers, 0), batch_dims=1)
        right = (answers != NONE) & (said >= tf.reduce_max(logits, axis=1))  # XLA's argmax takes longer than all else
        return tf.reduce_sum(_losses(logits, answers)), tf.reduce_sum(tf.cast(right, tf.int32))

    def _step(self, rate: Any, pieces: Any) -> Any:
        """Changes the weights by the mean gradient of so many hidden pieces; returns its norm."""
        gradients, norm = tf.clip_by_global_norm([total / pieces for total in self.sums], LONGEST_GRADIENT)
        self.optimizer.learning_rate.assign(rate)
        for weight, decay in zip(self.weights, self._decays, strict=True):
            if decay:
                weight.assign_sub(rate * decay * weight)
        self.optimizer.apply_gradients(zip(gradients, self.weights, strict=True))
        for total in self.sums:
            total.assign(tf.zeros_like(total))
        return norm


def _losses(logits: Any, answers: Any) -> Any:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(answers, 0), logits)
    return losses * tf.cast(answers != NONE, tf.float32)
