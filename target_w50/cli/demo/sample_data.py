"""Where the sample contacts are: in the wheel beside the package's modules, in a clone at its top."""

from __future__ import annotations

from pathlib import Path

import target_w50
from target_w50.errors import SettingsError

SINGER_FILE = "contacts.singer"


def sample_data_folder() -> Path:
    """The folder of `contacts.singer` and `contacts.jsonl`.

    Raises:
        SettingsError: this installation has no sample data; code `sample_data_missing`.
    """
    package = Path(target_w50.__file__).parent
    for folder in (package / "sample_data", package.parent / "sample_data"):
        if (folder / SINGER_FILE).is_file():
            return folder
    raise SettingsError(
        "this installation has no sample data: install target-w50 anew", code="sample_data_missing"
    )
