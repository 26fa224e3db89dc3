"""The mail that says exactly why there is no new model this morning. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentiment.gate import must_hold
from sentiment.gate.cautions import cautions
from sentiment.gate.rows import data_lines
from sentiment.gate.source_rows import HEAD, by_source_rows, by_source_told
from sentiment.gate.year_checks import told_year
from sentiment.language import recorded, tr
from sentiment.mail.checks import suspects_told, where_from
from sentiment.mail.letter import Mail, letter
from sentiment.mail.retracting import how_to_retract
from sentiment.mail.subjects import NO_NEW_MODEL
from sentiment.mail.tables import compared, costs, shown, worst_flips
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare


def regression_mail(
    gate: Gate,
    run: str,
    prepare: Prepare | None,
    links: Mapping[str, str],
    warnings: Iterable[str] = (),
    suspects: str | None = None,
) -> Mail:
    """Returns the mail about a refused candidate: `gate` and `prepare` are those steps' results.

    `warnings` are sentences about the new posts, in the language spoken; `suspects` is the file of those whose label
    looks wrong.

    Links that do not lead to a web page are left out. Raises: ValueError when the candidate passed the gate.
    """
    if gate.passed:
        raise ValueError("there is nothing to mail about: the candidate passed the gate")
    sources, lead = by_source_rows(gate), recorded(gate.sentence)
    head = tuple(tr(word) for word in HEAD)
    return letter(
        tr(NO_NEW_MODEL, lead=lead),
        lead,
        run,
        _sections(gate, prepare, list(warnings), suspects),
        links,
        [
            compared(gate, tr("candidate")),
            *costs(gate, tr("candidate")),
            *([shown(tr("By source, both test sets together"), [head, *sources])] if sources else []),
            *worst_flips(gate, tr("the candidate")),
        ],
    )


def _sections(gate: Gate, prepare: Prepare | None, warnings: list[str], suspects: str | None) -> dict[str, list[str]]:
    reasons = [recorded(reason) for reason in gate.reasons]
    return {
        tr("What failed"): reasons,
        tr("Cases that must hold"): must_hold.told(gate),
        tr("Warnings about the candidate"): cautions(gate),
        tr("By source"): [line for line in by_source_told(gate) if line not in reasons],
        tr("Warnings about the new posts"): warnings,
        tr("The year"): told_year(gate),
        tr("What it was trained on"): data_lines(prepare, gate.labels),
        tr("What happens now"): [*_what_now(gate, prepare), *suspects_told(suspects)],
    }


def _what_now(gate: Gate, prepare: Prepare | None) -> list[str]:
    if prepare is None or not prepare.new.rows:
        return [_keeps_serving(gate)]
    return [
        _keeps_serving(gate),
        tr("The new rows are not lost: the next night's batch contains them, with whatever arrives until then."),
        tr(
            "If the texts below look wrongly labelled, correct the delivery's file and deliver it again: the newest "
            "label of a text wins. Rows that could not be read are in datasets/quarantine, each with its reason."
        ),
        *how_to_retract(prepare.deliveries),
        *where_from(prepare.deliveries),
    ]


def _keeps_serving(gate: Gate) -> str:
    if all(found.stable_accuracy is None for _, found in gate.sets.items()):
        return tr("There is still no model to serve. The candidate was not published.")
    if gate.stable_version is None:
        return tr("The stable model keeps serving. The candidate was not published.")
    return tr("Version {version} keeps serving. The candidate was not published.", version=gate.stable_version)
