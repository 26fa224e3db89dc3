"""From a trained model folder to a version that TensorFlow Serving loads."""
