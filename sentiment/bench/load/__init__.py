"""The load test of the model server."""
