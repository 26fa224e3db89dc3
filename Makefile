# make setup   both environments, from pins            make demo    the whole loop on this machine
# make test    all tests that need no Docker           make serve   the embedded model server
# make lint    ruff and mypy                           make lock    renew the pins
# Each target prints what it does; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
UV := .tools/bin/uv
TRAINER := .venv/bin/python
AIRFLOW := .venv-airflow/bin/python
# Compiles once, in parallel: otherwise every first import of TensorFlow and Airflow would compile.
SYNC := $(UV) pip sync --quiet --require-hashes --compile-bytecode

.PHONY: help setup demo test test-training test-server test-others test-airflow test-slow test-docker test-torch bench-tools coverage search lint lint-style lint-trainer lint-airflow lint-imports format docs lock audit serve screenshots clean check-gpu score-environment

help: ## list the targets
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 30

setup: .venv/.ready .venv-airflow/.ready ## make both environments (about a minute)

.tools/.ready: requirements/tools.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: Python 3.11 must be installed; found no $(PYTHON). Install it, or name it: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

.venv/.ready: .tools/.ready requirements/trainer-dev.txt pyproject.toml
	@echo "make: the trainer environment …"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@$(SYNC) --python $(TRAINER) requirements/trainer-dev.txt
	@$(UV) pip install --quiet --python $(TRAINER) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-airflow/.ready: .tools/.ready requirements/airflow-dev.txt pyproject.toml
	@echo "make: the Airflow environment …"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-airflow
	@$(SYNC) --python $(AIRFLOW) requirements/airflow-dev.txt
	@$(UV) pip install --quiet --python $(AIRFLOW) --no-deps --no-build-isolation --editable .
	@touch $@

# The trainer environment with Ray: a third one, so that nobody installs Ray who scores no archive with it.
score-environment: .venv-score/.ready ## make .venv-score, which holds Ray for `sentiment score`

.venv-score/.ready: .tools/.ready requirements/score.txt pyproject.toml
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-score
	@$(SYNC) --python .venv-score/bin/python requirements/score.txt
	@$(UV) pip install --quiet --python .venv-score/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# make demo               stops at the approval and waits for you
# make demo APPROVE=1     approves the model itself
# make demo CHECK=1       runs unattended, checks every claim, stops what it started
# make demo SCORE=1       also scores an archive after each promotion
# make demo DATA=folder   uses train.tsv, test.tsv, latest_test.tsv and arrivals/*.tsv of that folder
# make demo DEMO_OPTIONS="--margin 0.02 --num-epochs 3 --model-name scratch/mini"    see `sentiment demo --help`
demo: setup ## run the whole loop: first model, better model, refused batch
	@$(TRAINER) -m sentiment demo $(if $(APPROVE),--approve) $(if $(CHECK),--check) $(if $(SCORE),--score) $(if $(DATA),--data "$$DATA") $(DEMO_OPTIONS)
demo: export DATA := $(DATA)

# Four parts of about the same duration run side by side, and every line is marked with its part.
TRAINING := $(addprefix tests/,charts datasets evaluation experiments language mail model pretraining report scoring \
	statistics text training)
SERVER := $(addprefix tests/,bench client data export gpu_check model_server probe)
PYTEST = $(if $(MEASURED),-m coverage run )-m pytest
PYTEST_training = $(TRAINER) $(PYTEST) $(TRAINING)
PYTEST_server = $(TRAINER) $(PYTEST) $(SERVER)
PYTEST_others = $(TRAINER) $(PYTEST) tests $(addprefix --ignore ,$(TRAINING) $(SERVER) tests/dags tests/plugins tests/browser tests/docker)
PYTEST_airflow = $(AIRFLOW) $(PYTEST) tests/dags tests/plugins tests/browser
PARTS := test-server test-others test-airflow test-training
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs $(JOBS) MARKED=1 $(PARTS)
WHICH = not slow and not browser
JOBS := 4

test: setup lint ## run all checks and tests that need neither Docker nor a browser
	@$(SIDE_BY_SIDE)

# Some of them need the processors for moments: a server among hostile clients, a scheduler.
test-slow: JOBS := 3
test-slow: setup ## run the slow tests: every model type from end to end, the experiments, people's days in a browser
	@$(SIDE_BY_SIDE) WHICH="slow or browser"

search: setup ## run the same tests with other random examples each time, to find what the fixed ones do not
	@$(SIDE_BY_SIDE) EXAMPLES=search

# The same tests, measured; they take up to twice as long. The floor is `fail_under` in pyproject.toml.
coverage: setup ## what share of each package `make test` reaches; fails under the floor
	@rm -f .coverage .coverage.*
	@$(SIDE_BY_SIDE) MEASURED=1
	$(TRAINER) -m coverage combine --quiet
	@$(TRAINER) tests/coverage_by_package.py

$(PARTS): test-%: setup
	PYTHONUNBUFFERED=1 $(PYTEST_$*) -m "$(WHICH)" $(if $(EXAMPLES),--hypothesis-profile=$(EXAMPLES)) $(if $(MARKED),2>&1 | sed -u "s/^/$* | /")

test-docker: setup ## test the images on a Docker engine
	@$(COMPOSE) version
	$(TRAINER) -m pytest tests/docker tests/test_stack_files.py
	$(AIRFLOW) -m pytest tests/docker/test_docker_runner.py tests/docker/test_engine_proxy.py

# What others use for the same work, for `sentiment bench train`, `bench predict` and `bench serve --beside` alone.
BENCH_TOOLS := torch==2.13.0 transformers==4.54.1 safetensors==0.8.0 numpy==1.26.4 accelerate==1.15.0 onnx==1.18.0 \
	onnxruntime==1.32.0 openvino==2026.4.1 fastapi==0.165.0 uvicorn==0.54.0 \
	tensorflow==2.17.1 tensorflow-text==2.17.0 'ray[serve]==2.60.0'
bench-tools: .venv-bench/.ready ## PyTorch, ONNX Runtime, OpenVINO and Ray Serve to compare with, in an environment of their own

.venv-bench/.ready:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check $(BENCH_TOOLS)
	@touch $@

# Only this target needs PyTorch, so no environment of ours has it. Where pip knows no CPU build, it takes the large one.
test-torch: .venv/.ready ## compare with PyTorch itself, in a throw-away environment: recorded checkpoints, the step of a pretraining
	rm -rf .venv-torch
	$(PYTHON) -m venv .venv-torch
	.venv-torch/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==4.54.1 safetensors==0.8.0 numpy==1.26.4
	.venv-torch/bin/python tests/checkpoints/make.py --check
	TORCH_PYTHON=.venv-torch/bin/python $(TRAINER) -m pytest tests/bench/pretraining -k pytorch
	rm -rf .venv-torch

IN_AIRFLOW = ^tests/(dags|plugins|browser)/|^tests/docker/test_(docker_runner|engine_proxy)\.py$$|^tests/support/step_containers\.py$$
LINTS := lint-style lint-trainer lint-airflow lint-imports
lint: setup ## run ruff, mypy, and the check that imports go down the floors
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target $(LINTS)

lint-style: setup
	$(TRAINER) -m ruff check
	$(TRAINER) -m ruff format --check

lint-trainer: setup
	$(TRAINER) -m mypy --exclude '$(IN_AIRFLOW)' sentiment tests docker examples

lint-airflow: setup
	$(AIRFLOW) -m mypy --cache-dir .mypy_cache/airflow plugins dags tests/dags tests/plugins tests/browser tests/docker/test_docker_runner.py tests/docker/test_engine_proxy.py

lint-imports: setup
	PYTHONPATH=plugins .venv/bin/lint-imports --no-cache --no-logo

format: setup ## fix and format what ruff can
	$(TRAINER) -m ruff check --fix
	$(TRAINER) -m ruff format

screenshots: setup ## the pictures in docs/images, of a demo that runs; needs Chromium
	$(AIRFLOW) tests/browser/screenshots.py docs/images "$$(command -v chromium || command -v chromium-browser || command -v google-chrome)"

docs: setup ## write the pages of docs/reference/ that are made from the code
	@$(TRAINER) docs/make_reference.py

catalogue: setup ## bring the translations' catalogue up to date with the sentences in the code
	@$(TRAINER) docs/make_catalogue.py

serve: setup ## run the embedded model server, on localhost
	$(TRAINER) -P -m sentiment serve

LOCK = $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock"

lock: .tools/.ready ## renew the pins in requirements/ from pyproject.toml
	echo "uv" | $(LOCK) - -o requirements/tools.txt
	echo "pip-audit" | $(LOCK) - -o requirements/audit.txt
	$(LOCK) pyproject.toml --extra trainer -o requirements/trainer.txt
	$(LOCK) pyproject.toml --extra trainer --extra gpu -c requirements/trainer.txt -o requirements/trainer-gpu.txt
	$(LOCK) pyproject.toml --extra trainer --extra score -c requirements/trainer.txt -o requirements/score.txt
	$(LOCK) pyproject.toml --extra trainer --extra dev --extra s3-server -c requirements/trainer.txt -o requirements/trainer-dev.txt
	$(LOCK) pyproject.toml --extra airflow -o requirements/airflow.txt
	$(LOCK) pyproject.toml --extra airflow --extra dev --extra browser -c requirements/airflow.txt -o requirements/airflow-dev.txt

# Two questions to the package index: which pinned releases were withdrawn, and which have a known vulnerability. An index
# that has no list of vulnerabilities (most mirrors) makes pip-audit fail: what was not looked up is not reported as clean.
audit: .tools/.ready ## look for pins that were withdrawn or have a known vulnerability; needs an index that lists them
	rm -rf .venv-audit
	$(UV) venv --quiet --python $(PYTHON) .venv-audit
	$(SYNC) --python .venv-audit/bin/python requirements/audit.txt
	@failed=0; for file in requirements/*.txt; do \
		echo "audit: $$file"; \
		if $(UV) pip install --dry-run --python .venv-audit/bin/python --requirement $$file 2>&1 | grep "is yanked"; then failed=1; fi; \
		.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement $$file || failed=1; \
	done; exit $$failed

clean: ## remove what make made: environments, caches, the demo
	rm -rf .venv .venv-airflow .venv-score .venv-torch .venv-bench .venv-audit .tools .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*

# The older tool's targets, with its variables. They run here; with IN_DOCKER=1 they run in the image that build_images
# makes, with this folder mounted, and with GPUS=all (or a number) on its GPUs. A value reaches a command as an environment
# variable in quotes, whatever characters it holds. SERVING_URLS: the model servers that deploy_model waits for.
TASK_NAME ?= sentiment
DATA_DIR ?= datasets/old_sentiment
OUTPUT_DIR ?= checkpoints/$(TASK_NAME)/model
DEPLOY_DIR ?= checkpoints/$(TASK_NAME)/deploy
LOAD_MODEL_DIR ?=
MODEL_TYPE ?= custom
MODEL_NAME ?=
SAVE_FORMAT ?= savedmodel,tensorRT
BATCH_SIZE ?= 16
MIX_NUMBER ?= 0
USE_DEV_DATASET ?= False
SERVING_DIR ?=
SERVING_URLS ?=
IMAGE ?= sentiment-trainer
AIRFLOW_IMAGE ?= sentiment-airflow
DEVICE ?= $(if $(shell grep -s '^COMPOSE_PROFILES=.*gpu' .env),gpu,cpu)
# A wheel in docker/tensorrt/ was put there to be used.
TENSORRT ?= $(if $(filter gpu,$(DEVICE)),$(if $(wildcard docker/tensorrt/*.whl),yes,no),no)
IN_DOCKER ?=
GPUS ?=

OLDER := run_fine_tuning_sentiment run_load_model_to_train run_test_sentiment run_inference_sentiment deploy_model
OLDER_VARIABLES := TASK_NAME DATA_DIR OUTPUT_DIR DEPLOY_DIR LOAD_MODEL_DIR MODEL_TYPE MODEL_NAME SAVE_FORMAT BATCH_SIZE \
	MIX_NUMBER USE_DEV_DATASET SERVING_DIR IMAGE GPUS
.PHONY: $(OLDER) build_images
$(foreach variable,$(OLDER_VARIABLES),$(eval $(OLDER): export $(variable) := $$($(variable))))
deploy_model: export SENTIMENT_SERVING_URLS := $(or $(SERVING_URLS),$(SENTIMENT_SERVING_URLS),http://127.0.0.1:8501)

# The one capability is for who uses sudo in a folder of their own: root without it could not write there.
CONTAINER = docker run --rm --interactive $$(if [ -t 0 ]; then echo --tty; fi) --user "$$(id -u):$$(id -g)" \
	--cap-drop ALL --cap-add DAC_OVERRIDE --security-opt no-new-privileges --read-only --tmpfs /tmp:mode=1777 --pids-limit 4096 \
	--volume "$$PWD:$$PWD" --workdir "$$PWD" --env "SENTIMENT_HOME=$$PWD" --env HOME=/tmp --env "HF_HOME=$$PWD/.cache/huggingface" $(if $(GPUS),--gpus "$$GPUS") \
	--entrypoint python "$$IMAGE" -P
RUN_SENTIMENT = $(if $(IN_DOCKER),$(CONTAINER),$(TRAINER)) -m sentiment.run_sentiment --task_name "$$TASK_NAME" --output_dir "$$OUTPUT_DIR"
TRAIN_AND_EXPORT = $(RUN_SENTIMENT) --do_train True --data_dir "$$DATA_DIR" --deploy_dir "$$DEPLOY_DIR" \
	--save_format "$$SAVE_FORMAT" --batch_size "$$BATCH_SIZE" $(if $(MODEL_NAME),--model_name "$$MODEL_NAME")

# The stack: docker-compose.yml, for both versions of Compose.
#   make env STACK_HOME=/data/sentiment      another home than this checkout
#   make env DEVICE=gpu                      model server and training steps use the GPUs
#   make env TRYOUT=1                        adds an S3 store and a mailbox to try things out
COMPOSE = $$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
.PHONY: env up down
env: export STACK_HOME := $(STACK_HOME)
env: ## write what the stack needs, with its secrets, into .env; existing values stay
	@$(PYTHON) docker/environment.py $(if $(STACK_HOME),"$$STACK_HOME") $(if $(filter gpu,$(DEVICE)),--gpu) $(if $(TRYOUT),--tryout)

up: env build_images ## start the stack: Airflow, its workers, the model server
	$(COMPOSE) up --detach --remove-orphans
	@echo "make: http://localhost:8080 answers in a minute; user admin, password: AIRFLOW_ADMIN_PASSWORD in .env" >&2

down: ## stop the stack; its volumes stay
	$(COMPOSE) down

DOCKER_ANSWERS = docker info >/dev/null 2>&1 || { echo "make: a Docker engine must answer; found none. Start it (\`docker info\` says what is wrong)." >&2; exit 2; }
build_images: export IMAGE := $(IMAGE)
build_images: export AIRFLOW_IMAGE := $(AIRFLOW_IMAGE)
build_images: export DEVICE := $(DEVICE)
build_images: export TENSORRT := $(TENSORRT)
build_images: ## build the trainer's and Airflow's Docker images; DEVICE=gpu: with CUDA, and TensorRT if its wheel is there
	@$(DOCKER_ANSWERS)
	docker build --file docker/trainer.Dockerfile --build-arg "DEVICE=$$DEVICE" --build-arg "TENSORRT=$$TENSORRT" --tag "$$IMAGE" .
	docker build --file docker/airflow.Dockerfile --tag "$$AIRFLOW_IMAGE" .

SCORE_IMAGE ?= sentiment-score
.PHONY: score-image
score-image: export SCORE_IMAGE := $(SCORE_IMAGE)
score-image: image_is_there ## build the image of a cluster that scores an archive: the trainer's, and Ray
	docker build --file docker/score.Dockerfile --build-arg "TRAINER=$$IMAGE" --tag "$$SCORE_IMAGE" .

.PHONY: image_is_there
image_is_there: export IMAGE := $(IMAGE)
image_is_there:
	@$(DOCKER_ANSWERS)
	@docker image inspect "$$IMAGE" >/dev/null 2>&1 || { echo "make: the image must be built; found no $$IMAGE. Run \`make build_images\`." >&2; exit 2; }

NEEDS := $(if $(IN_DOCKER),image_is_there,setup)
check-gpu: export IMAGE := $(IMAGE)
check-gpu: export GPUS := $(or $(GPUS),all)
check-gpu: $(NEEDS) ## try everything that needs a GPU, and say what could not be tried; IN_DOCKER=1: in the image
	@$(if $(IN_DOCKER),$(CONTAINER),$(TRAINER)) -m sentiment check-gpu

run_fine_tuning_sentiment: $(NEEDS) ## train on DATA_DIR into OUTPUT_DIR, export to DEPLOY_DIR
	@$(TRAIN_AND_EXPORT) --model_type "$$MODEL_TYPE"

run_load_model_to_train: $(NEEDS) ## continue from LOAD_MODEL_DIR, on DATA_DIR/new_train.tsv and old rows
	@$(TRAIN_AND_EXPORT) --load_model_dir "$$LOAD_MODEL_DIR" --mix_number "$$MIX_NUMBER"

run_test_sentiment: $(NEEDS) ## test OUTPUT_DIR on DATA_DIR/test.tsv, or latest_test.tsv
	@$(RUN_SENTIMENT) --do_test True --data_dir "$$DATA_DIR" --model_type "$$MODEL_TYPE" --use_dev_dataset "$$USE_DEV_DATASET"

run_inference_sentiment: $(NEEDS) ## type posts, see what OUTPUT_DIR says
	@$(RUN_SENTIMENT) --do_inference True --model_type "$$MODEL_TYPE"

deploy_model: setup ## validate DEPLOY_DIR, publish it, make it the canary
	@[ -z "$$SERVING_DIR" ] || { echo "make: SERVING_DIR must not be set; found $$SERVING_DIR. Set SENTIMENT_HOME instead; versions go to its serving/models/" >&2; exit 2; }
	@data=(); [ ! -f "$$DATA_DIR/test.tsv" ] || data=(--data "$$DATA_DIR/test.tsv"); \
	validated=$$($(TRAINER) -m sentiment validate --export "$$DEPLOY_DIR" --model "$$OUTPUT_DIR" "$${data[@]}" | tail -n 1); \
	printf '%s' "$$validated" | $(TRAINER) -c 'import json, sys; sys.exit(not json.load(sys.stdin)["passed"])'; \
	published=$$($(TRAINER) -m sentiment publish --export "$$DEPLOY_DIR" --model "$$OUTPUT_DIR" | tail -n 1); \
	version=$$(printf '%s' "$$published" | $(TRAINER) -c 'import json, sys; print(json.load(sys.stdin)["version"])'); \
	$(TRAINER) -m sentiment canary --version "$$version"
