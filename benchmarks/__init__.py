"""Measurements of target-w50 beside its references; see `make bench`."""
