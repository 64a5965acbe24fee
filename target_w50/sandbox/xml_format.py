"""DataContract XML as the W50 API documentation shows it, read strictly and written in the same shape."""

from __future__ import annotations

from typing import Any


def encode(kind: str, document: Any) -> bytes:
    raise NotImplementedError


def read_field_names(body: bytes) -> list[str]:
    raise NotImplementedError


def read_contacts(body: bytes) -> list[tuple[str | None, dict[str, Any]]]:
    raise NotImplementedError
