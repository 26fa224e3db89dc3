"""What Airflow shows of `sentiment_pretrain`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page

NAME = marked("Pretrain")
DESCRIPTION = marked("The home's own encoder learns from posts without labels")
TASKS = Tasks(
    pretrain=Task(
        marked("Pretrain the encoder"),
        marked(
            "Learns to say hidden words of the posts in `SENTIMENT_PRETRAIN_CORPUS`; skipped when no such folder is "
            "named. After a stop, clear the task: it goes on where it was. Red: the new encoder is worse than the "
            "current one, which stays."
        ),
    )
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Once a week (`SENTIMENT_WEEKLY`), or when started by hand, the current encoder goes on learning from the "
            "posts in `SENTIMENT_PRETRAIN_CORPUS`, which need no labels. The first one starts from random weights."
        ),
        tr(
            "The new encoder becomes current if it says hidden words of the same held-out posts at least as well as "
            "the current one. Otherwise the run is **red**, a mail goes out, and the current one stays."
        ),
        tr(
            "With `SENTIMENT_START_FROM=pretrained`, every retrain that starts over begins with the current encoder. "
            "Its candidate meets the same gate as any other."
        ),
        tr(
            "It may take days. A retrain may run beside it, but never a second pretraining; where GPUs have a pool "
            "(`SENTIMENT_GPU_POOL`), it holds one of them until it ends."
        ),
    )
