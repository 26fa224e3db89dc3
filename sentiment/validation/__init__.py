"""Tries out an export in a throw-away server before any customer sees it."""
