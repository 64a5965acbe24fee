"""Certificates, to trust and to show: whether their files can be used, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from target_w50.errors import SettingsError
from target_w50.w50.named_files import UnusableFileError, content_of

FROM_THE_ENVIRONMENT: Final = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE of the environment"

_MOST_BYTES: Final = 16 * 1024 * 1024
_NO_CERTIFICATES: Final = "names a file that holds no certificates (PEM)"


@dataclass(frozen=True)
class CertificateFiles:
    """The files of certificates that a session is to use, beside those of the environment.

    Attributes:
        ca_bundle: certificates to trust instead of those of the environment or the usual ones: a file, or a
            folder with names by hash.
        client_certificate: what says who we are, for mutual TLS; it may hold the key as well.
        client_key: the private key of that certificate.
    """

    ca_bundle: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None

    @property
    def to_show(self) -> str | tuple[str, str] | None:
        """What requests calls `cert`."""
        if self.client_certificate is None or self.client_key is None:
            return self.client_certificate
        return self.client_certificate, self.client_key

    def check(self) -> None:
        """Say what is wrong with the files.

        Raises:
            SettingsError: some are missing, hold something else or don't fit each other, all at once; code
                `certificates_unusable`.
        """
        faults = tuple(self._faults())
        if faults:
            raise _fault(*faults)

    def _faults(self) -> Iterator[str]:
        if self.ca_bundle is not None:
            words = _words_against_trusted(self.ca_bundle)
            if words:
                yield f"`ca_bundle` {words}"
        if self.client_certificate is not None:
            yield from _client_faults(self.client_certificate, self.client_key)


def check_certificates(verify: Any) -> None:
    """Say what is wrong with the certificates of the environment that requests is to trust.

    Args:
        verify: the file or folder of those to trust, or whether to trust the usual ones.

    Raises:
        SettingsError: a file is missing or holds none; code `certificates_unusable`.
    """
    if isinstance(verify, str):
        words = _words_against_trusted(verify)
        if words:
            raise _fault(f"{FROM_THE_ENVIRONMENT} {words}")


@lru_cache(maxsize=8)
def _words_against_trusted(path: str) -> str:
    """Say why certificates can't be trusted, as what follows the name of the setting; empty if they can."""
    import ssl  # noqa: PLC0415  # OpenSSL takes long to load, and few settings name certificates

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if Path(path).is_dir():
            # OpenSSL looks into it when it meets a certificate, and not before.
            return "" if any(Path(path).glob("*.[0-9]")) else "names a folder without names by hash"
        content_of(path, _MOST_BYTES)
        context.load_verify_locations(cafile=path)
    except UnusableFileError as error:
        return error.words
    except (OSError, ValueError):
        return _NO_CERTIFICATES
    return ""


def _client_faults(certificate: str, key: str | None) -> Iterator[str]:
    contents: dict[str, bytes] = {}
    files = {"client_certificate": certificate} | ({} if key is None else {"client_key": key})
    for name, path in files.items():
        try:
            contents[name] = content_of(path, _MOST_BYTES)
        except UnusableFileError as error:
            yield f"`{name}` {error.words}"
    if len(contents) < len(files):
        return
    *_, keeps_the_key = files
    if b"CERTIFICATE-----" not in contents["client_certificate"]:
        yield f"`client_certificate` {_NO_CERTIFICATES}"
    elif b"PRIVATE KEY-----" not in contents[keeps_the_key]:
        hint = "; set `client_key`" if key is None else ""
        yield f"`{keeps_the_key}` names a file that holds no private key (PEM){hint}"
    else:
        words = _words_against_pair(certificate, key)
        if words:
            yield f"`{keeps_the_key}` {words}"


def _words_against_pair(certificate: str, key: str | None) -> str:
    import ssl  # noqa: PLC0415  # as above

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=_no_password)
    except _EncryptedKeyError:
        return "names a file whose private key is encrypted: decrypt it, and let this program alone read it"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        return f"names a file whose private key does not fit the certificate, or is broken ({reason})"
    return ""


class _EncryptedKeyError(Exception):
    """OpenSSL wants a password, which it would ask the terminal for."""


def _no_password() -> str:
    raise _EncryptedKeyError


def _fault(*faults: str) -> SettingsError:
    return SettingsError("; ".join(faults), faults=faults, code="certificates_unusable")
