"""Turns a trained model folder into a version that TensorFlow Serving loads."""
