"""Groups of commands that say which command was meant, as click does for options; what a context may hold."""

from __future__ import annotations

import difflib

import click

NO_SETTINGS = "target_w50.no_settings"
"""Set in a context whose command was given no settings at all."""


class SuggestingGroup(click.Group):
    """A group of commands; one that it does not have is answered with the nearest that it has."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument.

        Raises:
            UsageError: there is none.
        """
        name = args[0]
        known = self.list_commands(ctx)
        if name in known or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name, known)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
