"""The mails that Airflow sends."""
