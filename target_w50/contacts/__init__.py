"""A record becomes a contact, or says why not."""
