"""A Singer target for W50: contacts from any tap into a W50 contact list."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: until the program owns its signals, every moment counts."""
    if name == "__version__":
        from importlib import metadata  # noqa: PLC0415

        return metadata.version("target-w50")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
