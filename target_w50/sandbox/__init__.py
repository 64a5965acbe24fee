"""A stand-in for W50 on loopback, written from the W50 API documentation alone.

It imports nothing else of this project, so that client and stand-in can't share a mistake. What it takes for
granted where the documentation is silent is said in `models`, `importing` and `options`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_w50.sandbox.model.options import Options
    from target_w50.sandbox.server import Sandbox

__all__ = ["Options", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Load the server when it is asked for: the command line names this package before it is needed."""
    if name == "Sandbox":
        from target_w50.sandbox.server import Sandbox  # noqa: PLC0415

        return Sandbox
    if name == "Options":
        from target_w50.sandbox.model.options import Options  # noqa: PLC0415

        return Options
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
