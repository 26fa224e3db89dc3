"""What is both an option of a command and a field of a form in Airflow, declared once: bounds, defaults and words.

mixing.py       which rows a training gets
training.py     how it trains
gate.py         what a candidate must meet
experiment.py   what an experiment compares

as_click.py makes options of them; Airflow's side makes fields of them. Both environments can import them.
"""
