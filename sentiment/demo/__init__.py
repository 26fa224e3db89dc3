"""Shows the whole loop on one machine; starts and stops Airflow, the model server and a mailbox."""
