"""The sandbox over HTTP: its routes, handlers and control calls."""
