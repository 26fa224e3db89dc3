"""Watches the canary while it is served: asks it what stable is asked, judges it, and withdraws it when it is bad."""
