"""What steps write and other steps, Airflow and the Models page read: each file and each line a declared type."""
