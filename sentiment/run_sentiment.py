"""`python -m sentiment.run_sentiment`: the older tool's command and options, carried out by this system's steps.

--do_train      `sentiment train` on <data_dir>/train.tsv into <output_dir>, then `sentiment export` to <deploy_dir>;
                with --load_model_dir it continues from that model, on new_train.tsv with old rows mixed in
--do_test       `sentiment test`: test_report.txt and test_result.tsv in <output_dir>
--do_inference  `sentiment infer`: the console
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sentiment.create_load_dataset import OlderCommand, create, trainable
from sentiment.data import retired
from sentiment.data.mix import Mixing
from sentiment.data.posts import read_posts
from sentiment.data.tsv import write_posts
from sentiment.errors import InputError
from sentiment.evaluation import infer
from sentiment.evaluation import test as testing
from sentiment.export import export as exporting
from sentiment.export.formats import SAVED_MODEL, TENSORRT, TFLITE, FormatList, require_replaceable
from sentiment.model import folder
from sentiment.model.encoder_process import computing
from sentiment.model.model_type import CUSTOM, DEFAULT_ENCODERS, require_known_type
from sentiment.options.mixing import MIX_NUMBER
from sentiment.options.training import BATCH_SIZE, MAX_SEQ_LENGTH
from sentiment.options.training import PRETRAINED_DEFAULTS as USUAL
from sentiment.results.record import as_json
from sentiment.settings import Settings, read_settings
from sentiment.step import print_result, run, say
from sentiment.training import train
from sentiment.training.training_files import Files, settings_for

NAME = "run_sentiment"
MIXED = "load_train.tsv"  # new_train.tsv with old rows mixed in, in the data folder
FORMATS = {"savedmodel": SAVED_MODEL, "tensorRT": TENSORRT, "tflite": TFLITE}  # under the older tool's names


@dataclass(frozen=True)
class Folders:
    """The folders that the options name: `data` and `load` are read, `output` and `deploy` are replaced."""

    output: Path
    data: Path | None = None
    deploy: Path | None = None
    load: Path | None = None

    def require_apart(self) -> None:
        """Raises: InputError when replacing `output` or `deploy` would also delete another of the folders."""
        paths = zip(
            ("output_dir", "deploy_dir", "data_dir", "load_model_dir"),
            (self.output, self.deploy, self.data, self.load),
            strict=True,
        )
        named = {option: path.resolve() for option, path in paths if path}
        for target in [option for option in ("output_dir", "deploy_dir") if option in named]:
            for other in [option for option in named if option != target]:
                goes_on = other == "load_model_dir" and named[target] == named[other]
                if named[other].is_relative_to(named[target]) and not goes_on:
                    raise InputError(
                        f"--{target} is replaced as a whole and must not hold --{other}",
                        found=f"{named[other]} in {named[target]}",
                        do=f"Name another folder in --{target}.",
                    )

    def file(self, name: str) -> Path:
        """Returns a file of the data folder. Raises: InputError when no folder was named or the file does not exist."""
        if self.data is None:
            raise InputError("--data_dir must be given to train or to test", found="none", do="Give --data_dir.")
        path = self.data / name
        if not path.is_file():
            raise InputError(f"--data_dir must hold {name}", found=f"no {path}", do="Add it, or name another folder.")
        return path


def do_train(
    folders: Folders,
    settings: Settings,
    save_format: tuple[str, ...],
    model_type: str | None,
    model_name: str | None,
    mix_number: int,
    **given: Any,
) -> dict[str, Any]:
    """Trains into the output folder and exports to the deploy folder, if there is one; returns both results."""
    folder.require_replaceable(folders.output)
    if folders.deploy:
        require_replaceable(folders.deploy, [FORMATS[name] for name in save_format])
    test_file, train_file = folders.file("test.tsv"), folders.file("train.tsv")
    usable = train_file if folders.load else _trainable(train_file, settings)
    files = Files(usable, test_file, folders.output, folders.load)
    hyperparameters = settings_for(files, model_type, model_name, **given)
    require_known_type(hyperparameters.model_type)
    results: dict[str, Any] = {}
    if folders.load:
        mixing, new = Mixing(mix_number=mix_number), folders.file("new_train.tsv")
        results["mix"] = create(train_file, new, new.with_name(MIXED), mixing, settings.label_set)
        files = Files(new.with_name(MIXED), test_file, folders.output, folders.load, new=new)
    with computing(hyperparameters.strangers_encoder):
        results["train"] = train.train(files, hyperparameters, settings.label_set)
    say((folders.output / folder.SUMMARY).read_text(encoding="utf-8"))
    if folders.deploy:
        posts = read_posts(test_file, settings.label_set)
        formats = [FORMATS[name] for name in save_format]
        results["export"] = exporting.export(folders.output, folders.deploy, posts, formats)
    return results


def _trainable(path: Path, settings: Settings) -> Path:
    """Returns the file to train on: `path`, or a copy of it without the rows that a refreshed test set has or had."""
    if not retired.sets(path.parent):
        return path
    copy = path.with_name(MIXED)
    write_posts(copy, trainable(path, path.parent, settings.label_set))
    return copy


def do_test(folders: Folders, use_dev_dataset: bool) -> dict[str, Any]:
    """Tests the model in the output folder; both reports go into that folder."""
    result = testing.test(
        folders.output, folders.file("latest_test.tsv" if use_dev_dataset else "test.tsv"), folders.output
    )
    say(Path(result["report"]).read_text(encoding="utf-8"))
    return {"test": result}


def require_same_type(output: Path, model_type: str | None) -> None:
    """Raises: InputError when `model_type` is not the type of the model in `output`."""
    found = folder.read_card(output).type
    if model_type not in (None, found):
        require_known_type(str(model_type))
        raise InputError(
            f"--model_type must be that of the model in {output}, {found}", found=repr(model_type), do="Leave it out."
        )


FOLDER = click.Path(path_type=Path)
BY_ENCODER = "; for scratch/… and a loaded model, as in `sentiment train`"


@click.command(NAME, cls=OlderCommand)
@click.option(
    "--data_dir",
    type=FOLDER,
    help="The folder with the task's .tsv files.  [required to train and to test]",
)
@click.option("--task_name", required=True, help="The name of the task to train.")
@click.option(
    "--output_dir", type=FOLDER, required=True, help="The model folder: training makes it, the rest reads it."
)
@click.option(
    "--deploy_dir",
    type=FOLDER,
    help="Where training also puts an export: a version folder for TensorFlow Serving, without the optimizer.",
)
@click.option(
    "--learning_rate",
    type=float,
    help=f"The initial learning rate for Adam.  [default: {USUAL['learning_rate']:g}{BY_ENCODER}]",
)
@click.option(
    "--num_epochs",
    type=int,
    help=f"Total number of training epochs to perform.  [default: {USUAL['num_epochs']}{BY_ENCODER}]",
)
@click.option(
    "--dropout_rate", type=float, help=f"Dropout before the last layer.  [default: {USUAL['dropout_rate']}{BY_ENCODER}]"
)
@click.option(
    "--batch_size", type=int, default=BATCH_SIZE.default, show_default=True, help="Total batch size for training."
)
@click.option(
    "--max_seq_length",
    type=int,
    help="The longest row in word pieces; longer rows are cut.  "
    f"[default: {MAX_SEQ_LENGTH.default}; for a loaded model, its own]",
)
@click.option("--do_train", type=bool, default=False, show_default=True, help="Whether to train.")
@click.option("--do_test", type=bool, default=False, show_default=True, help="Whether to test on the test set.")
@click.option("--do_inference", type=bool, default=False, show_default=True, help="Whether to open the console.")
@click.option(
    "--save_format",
    type=FormatList(FORMATS),
    default="savedmodel, tensorRT",
    show_default=True,
    help="savedmodel goes to --deploy_dir itself, without the optimizer; tensorRT, made from it, to"
    " <deploy_dir>-tensorrt; tflite to <deploy_dir>-tflite. Without a GPU or TensorRT's libraries, a line says so, and"
    " only the plain SavedModel is made.",
)
@click.option("--model_type", help='"custom", "origin" or "tf-hub".  [default: custom]')
@click.option(
    "--model_name",
    help='"bert-base-chinese", "ckiplab/bert-base-chinese", "ckiplab/albert-base-chinese", '
    '"ckiplab/albert-tiny-chinese", a local folder, "scratch/tiny", "scratch/mini".  '
    "[default: bert-base-chinese; for a loaded model, its own]",
)
@click.option(
    "--load_model_dir", type=FOLDER, help="Continue from this model, on new_train.tsv with old rows mixed in."
)
@click.option(
    "--use_dev_dataset", type=bool, default=False, show_default=True, help="Whether to test on latest_test.tsv."
)
@click.option(
    "--mix_number",
    default=MIX_NUMBER.default,
    show_default=True,
    help="How many old rows of each label to mix in; 0: according to the labels in new_train.tsv.",
)
def command(
    task_name: str,
    data_dir: Path | None,
    output_dir: Path,
    deploy_dir: Path | None,
    load_model_dir: Path | None,
    use_dev_dataset: bool,
    model_type: str | None,
    **given: Any,
) -> None:
    """Train, test or try a sentiment model, with the option names of the older tool.

    The reports go to stderr; the results of training and testing are the last line of stdout, as JSON,
    where stdout is no terminal.
    """
    training, test_it, try_it = (given.pop(f"do_{what}") for what in ("train", "test", "inference"))
    if not (training or test_it or try_it):
        raise InputError(
            "--do_train, --do_test or --do_inference must be True", found="none of them", do="Set one to True."
        )
    settings = read_settings()
    folders = Folders(output_dir, data_dir, deploy_dir, load_model_dir)
    results: dict[str, Any] = {"task": task_name}
    if training:
        folders.require_apart()
        usual = None if load_model_dir else DEFAULT_ENCODERS.get(model_type or CUSTOM)
        name = given.pop("model_name") or usual
        results |= do_train(folders, settings, model_type=model_type, model_name=name, **given)
    else:
        require_same_type(output_dir, model_type)
    if test_it:
        results |= do_test(folders, use_dev_dataset)
    if training or test_it:
        print_result(as_json(results))
    if try_it:
        infer.console(output_dir)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, NAME))
