"""A Singer target for W50: contacts from any tap into a W50 contact list."""

from importlib import metadata as _metadata

__version__ = _metadata.version("target-w50")
