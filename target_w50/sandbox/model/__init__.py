"""What the sandbox keeps, and how an import job takes effect in it."""
