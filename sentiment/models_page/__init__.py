"""What the Models page shows, worked out without Airflow, from files that may be missing or broken."""
