"""Certificates to trust: whether their files can be used, before anything is sent."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

from target_w50.errors import SettingsError

FROM_THE_ENVIRONMENT = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE of the environment"


def check_certificates(verify: Any) -> None:
    """Say what is wrong with the certificates that requests is to trust.

    Args:
        verify: the file or folder of those to trust, or whether to trust the usual ones.

    Raises:
        SettingsError: a file is missing or holds none; code `certificates_unusable`.
    """
    if isinstance(verify, str):
        _check_trusted(verify)


@lru_cache(maxsize=8)
def _check_trusted(path: str) -> None:
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        raise _fault(
            f"{FROM_THE_ENVIRONMENT} names a file that is missing or holds no certificates"
        ) from None


def _fault(message: str) -> SettingsError:
    return SettingsError(message, faults=(message,), code="certificates_unusable")
