"""A small file that a setting names: its content, or in words why it has none that can be used."""

from __future__ import annotations

import os
import stat


class UnusableFileError(Exception):
    """A file can't be used; `words` go on after the name of the setting.

    They never hold the path: who takes the setting for that of the secret itself has put the secret there.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def content_of(path: str, most_bytes: int) -> bytes:
    """Return the content of a regular file, or of what a symbolic link leads to.

    Args:
        path: of the file.
        most_bytes: what is larger is not what is looked for.

    Raises:
        UnusableFileError: it is missing, unreadable, no regular file, or larger.
    """
    try:
        # A pipe that nobody writes to would be waited for.
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnusableFileError("names what is no regular file")
            content = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableFileError("names a file that is not there") from None
    except IsADirectoryError:
        raise UnusableFileError("names a folder instead of a file") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no path").lower()
        raise UnusableFileError(f"names a file that can't be read ({reason})") from None
    if len(content) > most_bytes:
        raise UnusableFileError(f"names a file of more than {most_bytes} bytes")
    return content


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
