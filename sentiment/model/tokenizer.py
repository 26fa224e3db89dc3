"""The one tokenizer: training, scoring and the served graph all use this `tf.Module`.

It agrees with BERT's own tokenizer (transformers' `BertTokenizer`), except where that is unsafe for strangers' text:
here a literal `[SEP]` in a post is text, never a special piece; a word is limited to 100 bytes, not 100 characters;
bytes that are not UTF-8 are dropped and do not fail; of a run of viramas or tone marks the first 30 count. It uses only
operations of TF-Text 2.12.1, which the model server links.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentiment.model import piece_trie, vocabulary
from sentiment.model.head import head
from sentiment.tensorflow_setup import tf, tf_text
from sentiment.text import marks

# Control characters, joiners, direction marks, broken characters: BERT drops them, too. All of them go before
# anything else is done: `tf.strings.lower` would end the text at a NUL.
INVISIBLE = rf"[{vocabulary.CONTROL}\p{{Cf}}\x{{FFFD}}]"


class Tokenizer(tf.Module):
    """Turns strings into piece ids: `[CLS] text [SEP]`, or `[CLS] title [SEP] text [SEP]` if there is a title."""

    def __init__(
        self, pieces: Sequence[str], *, max_seq_length: int, lower_case: bool, untitled: str | None = None
    ) -> None:
        """`untitled` names a model that was trained without titles: whoever encodes posts for it leaves theirs out.

        Raises: InputError when no tokenizer can be built from `pieces`.
        """
        super().__init__(name="tokenizer")
        self.untitled = untitled
        self.told_untitled = False
        self.max_seq_length = max_seq_length
        ids = piece_trie.ids(pieces)
        self.classify = ids[vocabulary.CLASSIFY]
        self.separator = ids[vocabulary.SEPARATOR]
        self.mask = ids[vocabulary.MASK]
        self.unknown = ids[vocabulary.UNKNOWN]
        self.wordpiece = piece_trie.built(pieces, vocabulary.UNKNOWN)
        self.lower_case = lower_case

    def pieces(self, texts: Any) -> Any:
        """Returns the piece ids of `texts` (string [B]) as a ragged int32 [B, (pieces)], with nothing added or cut."""
        texts = visible(texts)
        if self.lower_case:
            # FastBertTokenizer's own option would turn ，！… into ,!... (NFKC), which BERT never did.
            decomposed = tf_text.normalize_utf8(few_marks(lowered(texts)), "NFD")
            texts = tf.strings.regex_replace(decomposed, r"\p{Mn}", "")
        return self.wordpiece.tokenize(texts)

    def head(self, text: str) -> str:
        """Returns a text, of a long one its beginning, that has the same pieces as `text` as far as a model reads."""
        return head(text, self.max_seq_length, _lowered if self.lower_case else None)

    def encode(self, texts: Any) -> Any:
        """Returns `[CLS] text [SEP]` as a ragged int32 [B, (at most max_seq_length)]."""
        body = self.pieces(texts)[:, : self.max_seq_length - 2]
        around = tf.ones_like(body.row_lengths(), dtype=tf.int32)[:, tf.newaxis]
        return tf.concat([around * self.classify, body, around * self.separator], axis=1)

    def encode_pairs(self, titles: Any, texts: Any) -> tuple[Any, Any]:
        """Returns ids and segment ids, ragged int32 [B, (at most max_seq_length)]; without a title, as `encode` does.

        The title gets at most half of the space, the text gets the rest.
        """
        room = self.max_seq_length - 3
        title = self.pieces(titles)[:, : room // 2]
        has_title = tf.cast(title.row_lengths() > 0, tf.int64)
        first_end = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.reduce_sum(has_title)], self.separator), row_lengths=has_title
        )
        ones = tf.ones_like(has_title, dtype=tf.int32)[:, tf.newaxis]
        first = tf.concat([ones * self.classify, title, first_end], axis=1)
        body = self.pieces(texts)
        lengths = tf.minimum(body.row_lengths(), self.max_seq_length - 1 - first.row_lengths())
        body = tf.ragged.boolean_mask(body, tf.ragged.range(body.row_lengths()) < lengths[:, tf.newaxis])
        second = tf.concat([body, ones * self.separator], axis=1)
        segments = tf.concat(
            [tf.zeros_like(first), tf.ones_like(second) * tf.cast(has_title, tf.int32)[:, tf.newaxis]], 1
        )
        return tf.concat([first, second], axis=1), segments


def visible(texts: Any) -> Any:
    """Returns `texts` in UTF-8, without what BERT drops."""
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace", replacement_char=0xFFFD)
    return tf.strings.regex_replace(texts, INVISIBLE, "")


def lowered(texts: Any) -> Any:
    return tf.strings.lower(texts, encoding="utf-8")


def _lowered(text: str) -> str:
    return str(lowered(visible(text.encode("utf-8", errors="replace"))).numpy().decode("utf-8"))


def few_marks(texts: Any) -> Any:
    """Returns `texts` without what would take NFD long, as `marks.few` does: it took 20 seconds for one of 320 KB."""
    return tf.strings.regex_replace(tf.strings.regex_replace(texts, marks.ACCENT, ""), marks.TOO_MANY, r"\1")
