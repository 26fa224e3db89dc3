"""The Models page as a web application: requests, permissions, templates. What it shows is `sentiment.models_page`."""

PREFIX = "/sentiment/models"  # below Airflow's own address, wherever that is
