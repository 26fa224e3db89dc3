"""Benchmarks: the size of each format, the largest batch per length, the speed of the data steps, servers, Airflow."""
