"""A Singer target for W50: contacts from any tap into a W50 contact list."""
