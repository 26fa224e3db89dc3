#!/bin/bash
# Makes the database's tables, the first user and the GPU pool before Airflow's services start. Safe to run again.
set -euo pipefail

airflow db migrate
# The password goes through standard input, where Airflow asks for it twice: the process list shows arguments.
printf '%s\n%s\n' "$AIRFLOW_ADMIN_PASSWORD" "$AIRFLOW_ADMIN_PASSWORD" |
    airflow users create --username admin --role Admin --firstname Sentiment --lastname Admin --email admin@localhost
# One slot per step that may use the GPUs at the same time: SENTIMENT_RUNNER_GPUS=all gives each step every card.
airflow pools get gpu >/dev/null 2>&1 || airflow pools set gpu 1 "steps that use a GPU"
