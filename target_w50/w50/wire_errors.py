"""The error of both wire formats; beside them, so that neither imports the other."""

from __future__ import annotations


class WireError(ValueError):
    """An answer can't be read; the message holds nothing of it."""
