"""What the sandbox writes and reads, in JSON and XML."""
