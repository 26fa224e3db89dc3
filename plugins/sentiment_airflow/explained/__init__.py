"""What Airflow shows of each workflow beside its runs: names, descriptions, pages, and what each task does."""
