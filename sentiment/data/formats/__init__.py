"""What a delivery file may look like: its packing, its encoding and its form, each found from name and content."""
