"""What an experiment compares: options of `sentiment experiment-plan` and `sentiment bench lr`, fields of its form."""

from __future__ import annotations

from dataclasses import replace

from sentiment.language import marked
from sentiment.options import training
from sentiment.options.declaration import Field, Option
from sentiment.settings.encoders import CHECKPOINTS, SCRATCH

# The defaults differ on purpose: the command's are the experiment of the older tool; the form's need no model hub.
MODELS = Option(
    "models",
    str,
    "Model names, comma-separated.",
    default=",".join(CHECKPOINTS),
    form=Field(
        marked("Models"),
        marked(
            "One per line: scratch/tiny, scratch/mini, bert-base-chinese, or another of SENTIMENT_ENCODERS, which "
            "lists the names, folders and addresses that a workflow may use."
        ),
        default=list(SCRATCH),
        schema={"maxItems": 20},
    ),
)
LEARNING_RATES = Option(
    "learning_rates",
    float,
    "Comma-separated.",
    default="2e-5,5e-5",
    form=Field(
        marked("Learning rates"),
        marked(
            "One per line; each model is trained at each. Try 2e-5 and 5e-5 for a pretrained model, more from scratch."
        ),
        default=["5e-4", "1e-3"],
        schema={"maxItems": 50},
    ),
)
SEEDS = Option(
    "seeds",
    int,
    "Train each row with each seed: mean ± sd.",
    default=str(training.SEED.default),
    form=Field(
        marked("Seeds"),
        marked("One per line. With several seeds, the table shows mean ± standard deviation."),
        default=[str(training.SEED.default)],
        schema={"maxItems": 20},
    ),
)
WITH_UNTRAINED = Option(
    "with_untrained",
    str,
    "Also score each model before training: the row (no train).",
    form=Field(
        marked("Also score each model before training"),
        marked("Adds the row `(no train)` to the table."),
        default=False,
    ),
)
DATA_RUN = Option(
    "data_run",
    str,
    "Use that run's train.tsv and test.tsv.",
    default="",
    shown_default="the base data",
    form=Field(
        marked("Data: train and test rows of this run"),
        marked("The folder of a retrain in runs/, or its run id. Empty: datasets/old_sentiment."),
        schema={"maxLength": 300},
    ),
)
MODEL_TYPE = Option(
    "model_type",
    str,
    "The kind of classifier.",
    default=training.MODEL_TYPES[0],
    choices=training.MODEL_TYPES,
    form=Field(
        marked("Model type"),
        marked(
            "custom: an encoder, dropout, a dense softmax. origin: transformers' own classifier. "
            "tf-hub: a TF-Hub encoder."
        ),
        default=training.MODEL_TYPES[0],
        names={
            "custom": marked("Encoder, dropout, dense softmax"),
            "origin": marked("transformers' own classifier"),
            "tf-hub": marked("TF-Hub encoder"),
        },
    ),
)
NUM_EPOCHS = replace(
    training.NUM_EPOCHS,
    default=2,
    shown_default="",
    form=Field(
        marked("Epochs"),
        marked("Passes over the data in each training: 8 from scratch, 2 or 3 for a pretrained model."),
        default=training.SCRATCH_DEFAULTS["num_epochs"],
        high=100,
    ),
)
BATCH_SIZE = replace(
    training.BATCH_SIZE, form=Field(marked("Batch size"), marked("Rows per step; empty: {default}."), high=1024)
)
MAX_SEQ_LENGTH = replace(
    training.MAX_SEQ_LENGTH,
    help="Longest row in pieces.",
    form=Field(marked("Longest text"), marked("In word pieces; empty: {default}.")),
)
VALIDATION_SHARE = replace(
    training.VALIDATION_SHARE,
    help="Rows held out; 0: no val columns.",
    form=Field(marked("Validation share"), marked("Rows held out for the val columns; empty: {default}, 0: none.")),
)
COMMON = (MODEL_TYPE, NUM_EPOCHS, BATCH_SIZE, MAX_SEQ_LENGTH, VALIDATION_SHARE)  # what all trainings have in common
