"""How a training goes: options of `sentiment train`, fields of the retrain form, ranges of the hyperparameters."""

from __future__ import annotations

from sentiment.language import marked
from sentiment.options.declaration import Field, Option

LONGEST_SEQUENCE = 512  # pieces: the positions of a BERT
LONGEST_NAME = 200  # characters of a model's name
MODEL_TYPES = ("custom", "origin", "tf-hub")

# A pretrained encoder is only adjusted, as in the older tool; one from scratch has everything to learn.
PRETRAINED_DEFAULTS = {"learning_rate": 2e-5, "num_epochs": 3, "dropout_rate": 0.1, "masked_share": 0.0}
OWN_DEFAULTS = {**PRETRAINED_DEFAULTS, "learning_rate": 2e-4, "num_epochs": 4}  # a small one, made by `pretrain`
SCRATCH_DEFAULTS = {"learning_rate": 1e-3, "num_epochs": 8, "dropout_rate": 0.5, "masked_share": 0.15}
# A warm start: half the rate and fewer passes learn the new posts equally well and change fewer old answers.
SCRATCH_WARM_DEFAULTS = {**SCRATCH_DEFAULTS, "learning_rate": 5e-4, "num_epochs": 5}


def _by_start(name: str) -> str:
    scratch, warm, own, other = (
        f"{defaults[name]:g}"
        for defaults in (SCRATCH_DEFAULTS, SCRATCH_WARM_DEFAULTS, OWN_DEFAULTS, PRETRAINED_DEFAULTS)
    )
    continuing = f"{warm} continuing that, " if warm != scratch else ""
    ours = f"{own} from an encoder of `sentiment pretrain`, " if own != other else ""
    return f"{scratch} from scratch, {continuing}{ours}else {other}"


MODEL_NAME = Option(
    "model_name",
    str,
    "scratch/tiny, scratch/mini, a local folder, a hub name; for tf-hub a SavedModel or an address.",
    default="scratch/tiny",
    form=Field(
        marked("Model"),
        marked("For a full run: one of SENTIMENT_ENCODERS, which lists the models that a workflow may start from."),
        schema={"maxLength": LONGEST_NAME},
    ),
)
LEARNING_RATE = Option(
    "learning_rate",
    float,
    "Peak rate.",
    low=1e-8,
    high=1.0,
    shown_default=_by_start("learning_rate"),
    form=Field(marked("Learning rate"), marked("The peak rate, such as 3e-5 or 0.0005. Empty: the mode's default.")),
)
NUM_EPOCHS = Option(
    "num_epochs",
    int,
    "Passes over the data.",
    low=1,
    high=10_000,
    shown_default=_by_start("num_epochs"),
    # In Airflow a training has twelve hours.
    form=Field(marked("Epochs"), marked("Passes over the data. Empty: the mode's default."), high=100),
)
BATCH_SIZE = Option(
    "batch_size",
    int,
    "Rows per step.",
    default=32,
    low=1,
    high=4096,
    # More has never fitted a card; `sentiment bench length` looks for the limit, and may go further.
    form=Field(marked("Batch size"), marked("Rows per step. Empty: {default}."), high=1024),
)
MAX_SEQ_LENGTH = Option(
    "max_seq_length",
    int,
    "Longest row in pieces; longer rows are cut.",
    default=128,
    low=8,
    high=LONGEST_SEQUENCE,
    form=Field(marked("Longest text"), marked("In word pieces. Empty: {default}.")),
)
DROPOUT_RATE = Option(
    "dropout_rate",
    float,
    "Dropout before the last layer.",
    default=PRETRAINED_DEFAULTS["dropout_rate"],
    low=0.0,
    high=0.9,
    shown_default=_by_start("dropout_rate"),
)
SEED = Option("seed", int, "Seed of everything random.", default=13, low=0, high=2**32 - 1)
VALIDATION_SHARE = Option(
    "validation_share", float, "Share of the rows held out for val_loss.", default=0.1, low=0.0, high=0.5
)
EARLY_STOPPING = Option(
    "early_stopping",
    int,
    "Stop after so many epochs without a lower val_loss and keep the best; 0: never.",
    default=0,
    low=0,
    high=10_000,
)
CLASS_WEIGHTS = Option(
    "class_weights", str, "balanced: give rare labels more weight.", default="none", choices=("none", "balanced")
)
WARM_UP_SHARE = Option(
    "warm_up_share", float, "Share of the steps in which the rate rises.", default=0.1, low=0.0, high=1.0
)
DECAY = Option(
    "decay", str, "How the rate falls to 0 after that.", default="linear", choices=("linear", "cosine", "none")
)
CLIP_NORM = Option("clip_norm", float, "Largest norm of the gradients; 0: no limit.", default=1.0, low=0.0, high=1e6)
MASKED_SHARE = Option(
    "masked_share",
    float,
    "Share of the pieces to hide.",
    default=PRETRAINED_DEFAULTS["masked_share"],
    low=0.0,
    high=0.9,
    shown_default=_by_start("masked_share"),
)
PRECISION = Option(
    "precision",
    str,
    "Arithmetic; auto: 16 bits where that is faster.",
    default="auto",
    choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
)
HYPERPARAMETERS = (
    *(LEARNING_RATE, NUM_EPOCHS, BATCH_SIZE, MAX_SEQ_LENGTH, DROPOUT_RATE, SEED, VALIDATION_SHARE, EARLY_STOPPING),
    *(CLASS_WEIGHTS, WARM_UP_SHARE, DECAY, CLIP_NORM, MASKED_SHARE, PRECISION),
)
FORM = (MODEL_NAME, NUM_EPOCHS, LEARNING_RATE, BATCH_SIZE, MAX_SEQ_LENGTH)
