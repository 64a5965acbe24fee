"""JSON Schema, exact for numbers of any size."""
