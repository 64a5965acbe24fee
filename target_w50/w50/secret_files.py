"""A secret that stands in a file, such as a mounted one: read at the start, and again once it is refused."""

from __future__ import annotations

import re
from typing import Final

from target_w50.errors import SettingsError
from target_w50.w50.named_files import UnusableFileError, content_of

MAX_SECRET_BYTES: Final = 64 * 1024

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class SecretFile:
    """The file of a secret, read anew each time.

    Args:
        path: of the file.
        setting: that names it, for messages; they hold neither the path nor the content.
    """

    def __init__(self, path: str, setting: str) -> None:
        self._path = path
        self.setting = setting

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.setting})"

    def read(self) -> str:
        """Return the secret as it is now: the file's text without the line break at its end.

        Raises:
            SettingsError: there is none; code `secret_file_unusable`.
        """
        try:
            text = content_of(self._path, MAX_SECRET_BYTES).decode("utf-8-sig")
        except UnusableFileError as error:
            raise self._fault(error.words) from None
        except UnicodeDecodeError:
            raise self._fault("names a file that is not text in UTF-8") from None
        secret = text.removesuffix("\n").removesuffix("\r")
        if not secret:
            raise self._fault("names a file that is empty")
        if _CONTROL.search(secret):
            raise self._fault("names a file that is not one line of text")
        return secret

    def _fault(self, words: str) -> SettingsError:
        message = f"`{self.setting}` {words}"
        return SettingsError(message, faults=(message,), code="secret_file_unusable")


Secret = str | SecretFile
"""A secret as it is, or where it stands."""


def read_secret(source: Secret) -> str:
    """Return a secret as it is now.

    Raises:
        SettingsError: it stands in a file that can't be used.
    """
    return source if isinstance(source, str) else source.read()
