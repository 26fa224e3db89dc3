"""May a candidate go on? The decision, and how it is told to people."""
