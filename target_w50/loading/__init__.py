"""Contacts into import jobs, in the background."""
