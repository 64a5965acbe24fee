"""What is said of the settings in Meltano's system database, which are not taken over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from target_w50.settings.meltano_project import Project

DATABASE = "meltano.db"


def system_settings(project: Project, loader: str) -> Iterator[str]:
    """A sentence where the project's own database holds settings of the loader.

    `meltano config set --store=db` puts them there; any other database is not looked at.
    """
    import sqlite3  # noqa: PLC0415  # only projects of Meltano need it

    path = project.root / ".meltano" / DATABASE
    if not path.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(
                "select name from plugin_settings where namespace = ? and enabled order by name",
                (f"loaders.{loader}.default",),
            ).fetchall()
    except sqlite3.Error:
        return
    if rows:
        names = ", ".join(f"`{name}`" for (name,) in rows)
        yield (
            f"{names} of the loader also stands in Meltano's system database, which is not read here: "
            "Meltano may take another value"
        )
