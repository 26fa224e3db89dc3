"""What is served, under which label, and whatever needs attention."""
