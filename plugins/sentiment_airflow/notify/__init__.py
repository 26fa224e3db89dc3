"""Mails that Airflow sends."""
