"""Examines a version: asks it one thing after the other, and collects what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from sentiment.client.answer import IDS, TEXT, TITLED
from sentiment.export import warmup
from sentiment.export.parity import ROUNDED, SAME, Probabilities, Reference, Tolerance
from sentiment.language import marked, tr
from sentiment.model.operations import INT8, TENSORRT
from sentiment.results.export import Parity
from sentiment.results.validation import ExportCheck, Latency
from sentiment.step import say
from sentiment.validation import findings
from sentiment.validation.asking import AnswerError, Arrays, Version
from sentiment.validation.findings import limited
from sentiment.validation.keeping import keep_answers
from sentiment.validation.questions import Questions, Rows, Shape
from sentiment.validation.throwaway import NotServedError, ThrowawayServer
from sentiment.validation.timing import measure, seconds_of, slowest_of_one

ASKED_TWICE = 16  # posts that are also asked one by one, and over REST
STRANGE = ["", " ", "好" * 20_000, "😂👩‍👩‍👧‍👦🇹🇼" * 20, "\0好\0", "\u200b", "[SEP] [PAD] [CLS]", "a" * 5000]
ALONE = marked("answers to a post alone and in a batch differ by {difference:.1g}")
REST = marked("answers over REST and gRPC differ by {difference:.1g}")
SLOWEST = marked("a single post takes {value:.0f} ms{aside} (95th percentile of the slowest length)")
MEMORY = marked("the server took {value:.0f} MB{aside}")
NO_TEXT = b"\xff\xfe\x00\xd8"  # not UTF-8


@dataclass
class Examination:
    """Asks a version all questions. Each method adds checks. Raises: AnswerError when the version does not answer."""

    cold: Version
    reference: Reference
    questions: Questions
    labels: Sequence[str]
    tolerance: Tolerance
    checks: list[ExportCheck] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    first_request_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    parity: Parity | None = None

    def run(self) -> None:
        """Runs every check that makes sense; a version without the signatures is not asked anything."""
        try:
            titled = TITLED in self.questions.signatures
            self.checks.append(findings.signatures(self.cold.signatures(), len(self.labels), titled))
            if not self.checks[-1].passed:
                return
            say(f"validate: real posts, the signatures {', '.join(self.questions.signatures)}")
            self.first_request_ms["cold"] = self.first_requests(self.cold)
            by_ids = self.answers_by_ids()
            by_text = self.answers_by_text()
            by_titled = self.answers_by_titled() if titled else None
            self.parity = self.reference.compare(by_ids, by_text["probabilities"], by_titled)
            self.alone_and_by_rest(by_ids, by_text["probabilities"])
            self.strange_texts()
            say("validate: response times")
            self.time()
        except AnswerError as error:
            self.checks.append(ExportCheck("answers", False, None, None, _must_answer(error)))

    def answers_by_ids(self) -> Probabilities:
        found = self._ask(IDS)["probabilities"]
        self.checks.append(findings.probabilities(found))
        wanted = self.reference.wanted
        self.checks.append(findings.same_as_trained(IDS, wanted, found, self.reference.texts, self.tolerance))
        return found

    def answers_by_text(self) -> Arrays:
        found = self._ask(TEXT)
        wanted, texts = self.reference.wanted_of_texts, self.reference.texts
        self.checks.append(findings.same_as_trained(TEXT, wanted, found["probabilities"], texts, self.tolerance))
        names = [name.decode("utf-8", "replace") for name in found["label"].tolist()]
        self.checks.append(findings.label_names(names, found["label_id"], found["probabilities"], self.labels))
        return found

    def answers_by_titled(self) -> Probabilities:
        found = self._ask(TITLED)["probabilities"]
        wanted, texts = self.reference.wanted, self.reference.texts
        self.checks.append(findings.same_as_trained(TITLED, wanted, found, texts, self.tolerance))
        return found

    def _ask(self, signature: str) -> Arrays:
        """Returns the outputs for all rows, in the order of the rows."""
        batches = list(self.questions.batches(signature))
        answers = [self.cold.predict(signature, self.questions.inputs_of(signature, rows)) for rows in batches]
        order = np.argsort(np.concatenate(batches))
        return {name: np.concatenate([answer[name] for answer in answers])[order] for name in answers[0]}

    def alone_and_by_rest(self, by_ids: Probabilities, by_text: Probabilities) -> None:
        rows: Rows = np.unique(np.linspace(0, len(by_ids) - 1, ASKED_TWICE, dtype=np.int64))
        alone = [self.cold.predict(IDS, self.questions.inputs_of(IDS, rows[at : at + 1])) for at in range(len(rows))]
        one = np.concatenate([answer["probabilities"] for answer in alone])
        self.checks.append(findings.close("alone", ALONE, one, by_ids[rows], self.tolerance))
        texts = [self.reference.texts[row].decode("utf-8", "replace") for row in rows]
        rest = np.array([answer["probabilities"] for answer in self.cold.predict_by_rest(texts)])
        self.checks.append(findings.close("REST", REST, rest, by_text[rows], self.tolerance))

    def strange_texts(self) -> None:
        encoded = [*(text.encode() for text in STRANGE), NO_TEXT]
        together = self.cold.predict(TEXT, {"text": encoded})["probabilities"]
        alone = [self.cold.predict(TEXT, {"text": [text]})["probabilities"] for text in encoded]
        rest = np.array([answer["probabilities"] for answer in self.cold.predict_by_rest(STRANGE)])
        if TITLED in self.questions.signatures:
            pairs = {"title": encoded[::-1], "text": encoded}
            alone.append(self.cold.predict(TITLED, pairs)["probabilities"])
        found = findings.probabilities(np.concatenate([together, *alone, rest]))
        said = tr("it answers empty, very long and damaged texts, emoji and NUL: {sentence}", sentence=found.sentence)
        self.checks.append(structs.replace(found, name="strange texts", sentence=said))

    def first_requests(self, version: Version) -> dict[str, float]:
        """Returns, by signature, the milliseconds of the first request: a single post of the longest served length."""
        taken = {}
        for signature in self.questions.signatures:
            shape = [each for each in self.questions.shapes() if each.signature == signature and each.batch == 1][-1]
            request = version.request(signature, self.questions.inputs(shape))
            taken[signature] = round(1000 * seconds_of(partial(version.send, request)), 3)
        return taken

    def time(self) -> None:
        """Times the smallest and the largest served batch, for every length."""
        shapes = self.questions.shapes()
        largest = {shape.length: shape.batch for shape in shapes}  # they come in order
        for shape in (shape for shape in shapes if shape.batch in (shapes[0].batch, largest[shape.length])):
            self.latencies.append(measure(shape, partial(self.cold.send, self._request(shape))))

    def keep_answers(self, export: Path, pieces: Sequence[str]) -> None:
        """Keeps answers in the export, by which it is recognised when it is served."""
        try:
            keep_answers(export, self.cold, pieces, self.tolerance, titled=TITLED in self.questions.signatures)
        except AnswerError as error:
            said = tr("it must answer again; {error}", error=error)
            self.checks.append(ExportCheck("kept answers", False, None, None, said))

    def limit_latency(self, limit_ms: float | None) -> None:
        if self.latencies:
            slowest = slowest_of_one(self.latencies)
            self.checks.append(limited("latency", slowest.p95_ms, limit_ms, SLOWEST))

    def limit_memory(self, peak_bytes: int, limit_mb: float | None) -> None:
        self.checks.append(limited("memory", peak_bytes / 1e6, limit_mb, MEMORY))

    def warm_up_requests(self) -> list[Any]:
        """Returns a request of every served shape, with invented texts: `forget` reaches no file that is served."""
        questions = self.questions
        return [self.cold.request(shape.signature, questions.invented_inputs(shape)) for shape in questions.shapes()]

    def _request(self, shape: Shape) -> Any:
        return self.cold.request(shape.signature, self.questions.inputs(shape))

    def load_warm(self, server: ThrowawayServer, export: Path, warm: Version) -> float | None:
        """Makes the server load the version with its warm-up file; returns the seconds, or None when it does not load.

        It removes a file that keeps the version from loading.
        """
        try:
            seconds = server.add(warm.number, export)
            self.first_request_ms["warm"] = self.first_requests(warm)
        except (NotServedError, AnswerError) as error:
            warmup.remove(export)
            why = error.found if isinstance(error, NotServedError) else str(error)
            said = tr("it does not load with its warm-up file: {error}", error=why)
            self.checks.append(ExportCheck("warm-up", False, None, None, said))
            return None
        told = tr("with its warm-up file it loads in {seconds:.1f} s", seconds=seconds)
        self.checks.append(ExportCheck("warm-up", True, round(seconds, 3), server.timeout, told))
        return seconds


def _must_answer(error: AnswerError) -> str:
    return tr("it must answer every request; {error}", error=error)


def tolerance_of(operations: frozenset[str]) -> Tolerance:
    """Returns how much a version may differ from the trained model: TensorRT and 8-bit products round."""
    return ROUNDED if operations & {*TENSORRT, INT8} else SAME
