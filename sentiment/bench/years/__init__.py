"""Years of nightly decisions, simulated: what a rule of the gate lets through, and what it holds back."""
