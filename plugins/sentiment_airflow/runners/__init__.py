"""Runs a step as a process, in a container, or in a pod."""
