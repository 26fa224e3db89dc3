"""Every letter the system writes."""
