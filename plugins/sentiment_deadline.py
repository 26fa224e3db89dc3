"""Where Airflow's database says the deadline's callback is, for runs that were started by version 0.1.0."""

from sentiment_airflow.notify.deadline import tell_late

__all__ = ["tell_late"]
