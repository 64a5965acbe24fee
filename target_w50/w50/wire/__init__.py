"""What goes over the wire, in JSON and XML."""
