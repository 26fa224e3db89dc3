"""Stands between Airflow's workers and the Docker engine, and lets through only what running a step takes."""
