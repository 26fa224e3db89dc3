"""What tests of several folders share: toy models and servers, homes, Airflow's own home."""
