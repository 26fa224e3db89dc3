"""Lets a process check what people fill in.

A number's format has a name in the language of whoever reads it. A workflow that was read before SENTIMENT_LANGUAGE
changed has its names in another, and its forms are still checked.
"""

from __future__ import annotations

from sentiment.language import speaking
from sentiment.language.catalogue import LANGUAGES
from sentiment_airflow.forms.experiment import experiment_form
from sentiment_airflow.forms.pretrain import pretrain_form
from sentiment_airflow.forms.retrain import retrain_form


def know_numbers() -> None:
    """Makes the forms in every language: with them, this process knows what their numbers must be."""
    for language in LANGUAGES:
        with speaking(language):
            retrain_form()
            experiment_form()
            pretrain_form()
