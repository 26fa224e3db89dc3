# Airflow with the workflows: scheduler, worker, api-server and the rest use this one image with different commands.
#   docker build --file docker/airflow.Dockerfile --tag sentiment-airflow .    docker-compose.yml uses it
# It holds no TensorFlow: steps run in the trainer's image (SENTIMENT_RUNNER). Mount the folder that holds datasets/,
# serving/ and runs/ at /home/sentiment, in both.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# The layers up to the package itself change only with the pins.
COPY requirements/tools.txt /requirements/
RUN python3 -m venv /tools && /tools/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r /requirements/tools.txt
COPY requirements/airflow.txt /requirements/
RUN /tools/bin/uv venv --quiet --python python3 /opt/sentiment \
    && /tools/bin/uv pip sync --quiet --no-cache --require-hashes --compile-bytecode --python /opt/sentiment/bin/python /requirements/airflow.txt
# Airflow's side needs only the package's modules: there is nothing to build, and nothing to build it with.
COPY sentiment /opt/sentiment/lib/python3.11/site-packages/sentiment
RUN /opt/sentiment/bin/python -m compileall -q /opt/sentiment/lib/python3.11/site-packages/sentiment

FROM ${BASE}
# The same user as in the trainer image, so that Airflow can read what a step writes. Both also run as any other user.
RUN useradd --uid 1000 --create-home sentiment \
    && install --directory --mode=1777 /opt/airflow /opt/airflow/logs
COPY --from=build /opt/sentiment /opt/sentiment
COPY plugins /opt/airflow/plugins
COPY dags /opt/airflow/dags
COPY docker/health.py docker/initialise.sh /opt/airflow/
ENV PATH=/opt/sentiment/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    SENTIMENT_RUNNER=docker \
    SENTIMENT_HOME=/home/sentiment
USER sentiment
WORKDIR /opt/airflow
ENTRYPOINT ["airflow"]
CMD ["api-server"]
# This checks the api-server. Other services need another check, for example `health.py scheduler`.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["python", "/opt/airflow/health.py", "api-server"]
