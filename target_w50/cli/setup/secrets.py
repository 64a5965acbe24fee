"""A secret on its way into the settings: from where it is given, to where it is kept; shown nowhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from target_w50.cli.setup.files import OWNERS_ALONE, read_text, write_whole
from target_w50.errors import SettingsError
from target_w50.settings.choices import AuthMethod
from target_w50.settings.schema import SETTINGS_SCHEMA
from target_w50.w50.secret_files import SecretFile


class Keep(Enum):
    """Where a secret is kept."""

    DOT_ENV = "dot-env"
    FILE = "file"
    NOWHERE = "nowhere"


SECRET_OF = {
    AuthMethod.BEARER: "auth_token",
    AuthMethod.HEADER: "auth_token",
    AuthMethod.BASIC: "password",
    AuthMethod.OAUTH2: "oauth2_client_secret",
}
BESIDE = {
    AuthMethod.BASIC: ("username",),
    AuthMethod.OAUTH2: ("oauth2_token_url", "oauth2_client_id"),
}
"""What else a way to authenticate needs."""
ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=")


@dataclass(frozen=True)
class GivenSecret:
    """Where a secret is said to be.

    Attributes:
        variable: an environment variable's name.
        file: a file that has it, and is where it stays.
        stdin: whether standard input has it.
    """

    variable: str | None = None
    file: Path | None = None
    stdin: bool = False

    def __post_init__(self) -> None:
        if sum((self.variable is not None, self.file is not None, self.stdin)) > 1:
            raise SettingsError(
                "Say one of --secret-env NAME, --secret-file FILE and --secret-stdin.", code="usage"
            )

    def read(self, setting: str) -> str | None:
        """The secret; None where nothing was said.

        Raises:
            SettingsError: it is not there.
        """
        if self.file is not None:
            return SecretFile(str(self.file), f"{setting}_file").read()
        if self.stdin:
            secret = sys.stdin.readline().rstrip("\r\n")
            if not secret:
                raise SettingsError("--secret-stdin: standard input has no secret.", code="usage")
            return secret
        if self.variable is None:
            return None
        secret = os.environ.get(self.variable, "")
        if not secret:
            raise SettingsError(f"--secret-env: there is no variable {self.variable}.", code="usage")
        return secret


def is_secret(setting: str) -> bool:
    """Whether the setting's value may not stand on a command line."""
    return bool(SETTINGS_SCHEMA["properties"].get(setting, {}).get("secret"))


@dataclass
class KeptSecret:
    """A file that is about to hold a secret: `.env` with a line of it, or a file of its own.

    Args:
        path: the file.
        variable: the line's variable; None: the file is the secret's own.
        secret: the secret.

    Raises:
        SettingsError: the file can't be read, or can't hold this secret.
    """

    path: Path
    variable: str | None
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        self._before = read_text(self.path)
        if self.variable is not None and self._value_in(self._text()) != self.secret:
            raise SettingsError(
                f"{self.path} can't hold this secret as it is: keep it in a file of its own "
                "(--secret-in file)."
            )

    def _text(self) -> str:
        if self.variable is None:
            return self.secret + "\n"
        quoted = self.secret.replace("\\", "\\\\").replace("'", "\\'")
        line = f"{self.variable}='{quoted}'"
        lines = (self._before or "").splitlines()
        at = [number for number, each in enumerate(lines) if self._is_assigned(each)]
        if at:
            lines[at[-1]] = line
        else:
            lines.append(line)
        end = "\r\n" if "\r\n" in (self._before or "") else "\n"
        return end.join([*lines, ""])

    def _is_assigned(self, line: str) -> bool:
        found = ASSIGNED.match(line)
        return found is not None and found[1] == self.variable

    def _value_in(self, text: str) -> str | None:
        import io  # noqa: PLC0415

        from dotenv import dotenv_values  # noqa: PLC0415  # only this needs it

        return dotenv_values(stream=io.StringIO(text)).get(self.variable or "")

    @property
    def replaces(self) -> bool:
        """Whether another secret stands there."""
        if self._before is None:
            return False
        if self.variable is None:
            return self._before.strip() not in ("", self.secret)
        return self._value_in(self._before) not in (None, "", self.secret)

    def write(self) -> None:
        """Write it, for its owner alone."""
        write_whole(self.path, self._text(), before=self._before, mode=OWNERS_ALONE)


def not_ignored_by_git(path: Path) -> bool:
    """Whether the file lies in a working tree of git, and git would take it into a commit."""
    git = shutil.which("git")
    if git is None:
        return False
    command = [git, "-C", str(path.resolve().parent), "check-ignore", "--quiet", "--", path.name]
    ran = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # the user's own git
    return ran.returncode == 1
