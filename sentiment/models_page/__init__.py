"""Works out what the Models page shows, without Airflow, from files that may be missing or broken."""

ADDRESS = "/sentiment/models"  # below Airflow's own
# Without the slash, Airflow's own pages answer, and they know no such page.
OVERVIEW = f"{ADDRESS}/"
