"""Where deliveries come from: a folder, or a bucket of an object store."""
