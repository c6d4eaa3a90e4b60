"""What runs the engine in containers: image, Compose file, monitoring."""
