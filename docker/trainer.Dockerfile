# The trainer image: every step of the system as one command, `sentiment VERB`.
#   docker build --file docker/trainer.Dockerfile --tag sentiment-trainer .
#   docker build … --build-arg DEVICE=gpu .    with CUDA; run it with `--gpus all` (NVIDIA Container Toolkit)
#   docker build … --build-arg DEVICE=gpu --build-arg TENSORRT=yes .    and TensorRT, from the wheel in docker/tensorrt/
# Mount the folder that holds datasets/, serving/ and runs/ at /home/sentiment.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Chooses the pins. The layers up to the package itself change only with them.
ARG DEVICE=cpu
COPY requirements/tools.txt /requirements/
RUN python3 -m venv /tools && /tools/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r /requirements/tools.txt
COPY requirements/trainer.txt requirements/trainer-gpu.txt /requirements/
RUN case "$DEVICE" in \
      cpu) pins=trainer ;; \
      gpu) pins=trainer-gpu ;; \
      *) echo "DEVICE must be cpu or gpu; found $DEVICE" >&2; exit 2 ;; \
    esac \
    && /tools/bin/uv venv --quiet --python python3 /opt/sentiment \
    && /tools/bin/uv pip sync --quiet --no-cache --require-hashes --compile-bytecode --python /opt/sentiment/bin/python "/requirements/$pins.txt"
# TensorRT's libraries are NVIDIA's, and no index that everybody has holds them: the wheel is the builder's own.
ARG TENSORRT=no
COPY docker/tensorrt /tensorrt
RUN case "$TENSORRT" in \
      no) mkdir /opt/tensorrt ;; \
      yes) python3 /tensorrt/place.py /tensorrt /opt/sentiment/lib/python3.11/site-packages /opt/tensorrt ;; \
      *) echo "TENSORRT must be yes or no; found $TENSORRT" >&2; exit 2 ;; \
    esac
COPY pyproject.toml README.md LICENSE /source/
COPY sentiment /source/sentiment
RUN /tools/bin/uv pip install --quiet --no-cache --no-deps --no-build-isolation --compile-bytecode --python /opt/sentiment/bin/python /source

FROM ${BASE}
RUN useradd --uid 1000 --create-home sentiment
COPY --from=build /opt/sentiment /opt/sentiment
COPY --from=build /opt/tensorrt /opt/tensorrt
# The package looks here for the servers' flags when the mounted folder has none.
COPY serving/flags serving/monitoring.config /opt/sentiment/lib/python3.11/site-packages/serving/
# /opt/tensorrt is empty unless the image was built with TensorRT.
ENV PATH=/opt/sentiment/bin:$PATH \
    LD_LIBRARY_PATH=/opt/tensorrt \
    PYTHONUNBUFFERED=1 \
    SENTIMENT_HOME=/home/sentiment
USER sentiment
WORKDIR /home/sentiment
ENTRYPOINT ["sentiment"]
CMD ["--help"]
