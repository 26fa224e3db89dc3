"""Asks the served model about texts: `client.py http://127.0.0.1:8501 TEXT …`. Standard library only."""

from __future__ import annotations

import sys

from sentiment.client import SentimentClient

CANARY_SHARE = 0.05  # of the keys go to the canary, while there is one


def main(address: str, texts: list[str]) -> None:
    """Prints a line for each text: its label, how sure the model is, and which side answered."""
    with SentimentClient([address], canary_share=CANARY_SHARE) as client:
        # The same key is always answered by the same side, so that a customer does not see two models in turn.
        for text, answer in zip(texts, client.classify(texts, key="customer 17"), strict=True):
            print(f"{answer.label}\t{max(answer.probabilities):.3f}\t{answer.side}\t{text}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
