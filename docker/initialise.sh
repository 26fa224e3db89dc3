#!/bin/bash
# Before Airflow's services start: the database's tables, the first user, and the pool of the GPU. Safe to run again.
set -euo pipefail

airflow db migrate
# The password goes by standard input, twice as asked for: arguments could be read in the process list.
printf '%s\n%s\n' "$AIRFLOW_ADMIN_PASSWORD" "$AIRFLOW_ADMIN_PASSWORD" |
    airflow users create --username admin --role Admin --firstname Sentiment --lastname Admin --email admin@localhost
# As many slots as steps may use the GPUs at the same time: SENTIMENT_RUNNER_GPUS=all gives each of them every card.
airflow pools get gpu >/dev/null 2>&1 || airflow pools set gpu 1 "steps that use a GPU"
