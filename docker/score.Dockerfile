# The image of a cluster that scores an archive: the trainer's image, and Ray. The trainer's own image stays without it.
#   make score-image
# An image of its own and no stage of trainer.Dockerfile: Docker's classic builder builds all stages of a file, so that
# everybody who builds the trainer's image would wait for Ray.
ARG TRAINER=sentiment-trainer

FROM ${TRAINER}
USER root
COPY requirements/tools.txt requirements/score.txt /requirements/
# One layer, of which the tools that made it are no part.
RUN python3 -m venv /tools \
    && /tools/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r /requirements/tools.txt \
    && /tools/bin/uv pip install --quiet --no-cache --require-hashes --compile-bytecode --python /opt/sentiment/bin/python -r /requirements/score.txt \
    && rm -rf /tools /requirements
# Ray would report each cluster to its makers.
ENV RAY_USAGE_STATS_ENABLED=0
USER sentiment
