"""Copies of what a home cannot make again: making them, keeping the newest, putting one back."""
