"""The whole loop on one machine: Airflow, the model server and a mailbox, started and stopped here."""
