"""The commands of `w50` by name, and the one place that turns an error into an exit status."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from target_w50.cli.groups import NO_SETTINGS, SuggestingGroup
from target_w50.console.terminal import is_colourless
from target_w50.errors import SettingsError, TargetW50Error
from target_w50.program.exit_line import say_last, unexpected

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SANDBOX_MODULES = ("werkzeug", "email_validator", "phonenumbers", "simplejson")
"""What the extra `sandbox` brings."""

COMPLETION = "_W50_COMPLETE"
"""The variable by which a shell asks for completions, as click has it."""
INTERRUPTED = 130
OUTPUT_CLOSED = 141


@dataclass(frozen=True)
class LazyCommand:
    """A command that is imported when it is asked for, so that `w50 --version` stays quick.

    Attributes:
        module: the module that holds the click command.
        attribute: the click command's name there.
        summary: its line in `w50 --help`.
        needs_sandbox: whether it needs the extra `sandbox`.
    """

    module: str
    attribute: str
    summary: str
    needs_sandbox: bool = False

    def load(self) -> click.Command:
        """Import the command.

        Raises:
            SettingsError: it needs an extra that is not installed.
        """
        if self.needs_sandbox:
            require_sandbox()
        command = getattr(importlib.import_module(self.module), self.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.module}.{self.attribute} is not a click command")
        return command


COMMANDS = {
    "init": LazyCommand(
        "target_w50.cli.commands.init",
        "init_command",
        "Settings for a first load: asked for, tried and written.",
    ),
    "check": LazyCommand(
        "target_w50.cli.commands.check",
        "check_command",
        "Settings, connection, lists and fields: what works.",
    ),
    "lists": LazyCommand("target_w50.cli.commands.lists", "lists_command", "The account's contact lists."),
    "fields": LazyCommand("target_w50.cli.commands.lists", "fields_command", "The fields of a contact list."),
    "plan": LazyCommand(
        "target_w50.cli.commands.plan", "plan_command", "What a run would do; nothing is sent."
    ),
    "import": LazyCommand(
        "target_w50.cli.commands.import_files",
        "import_command",
        "Contacts from files (CSV, JSON lines, Parquet) into a list.",
    ),
    "job": LazyCommand("target_w50.cli.commands.job", "job_command", "How an import job stands."),
    "journal": LazyCommand(
        "target_w50.cli.commands.journal",
        "journal_command",
        "What is remembered across runs, and unknown jobs resolved.",
    ),
    "trace": LazyCommand(
        "target_w50.cli.commands.trace", "trace_command", "What became of one contact, run by run."
    ),
    "report": LazyCommand(
        "target_w50.cli.commands.report",
        "report_command",
        "What metrics files tell, as tables or as one page.",
    ),
    "quarantine": LazyCommand(
        "target_w50.cli.commands.quarantine",
        "quarantine_command",
        "Quarantine files: old records, or one person's, taken out.",
    ),
    "demo": LazyCommand(
        "target_w50.cli.demo.command",
        "demo_command",
        "Sample contacts into a sandbox, shown readably.",
        needs_sandbox=True,
    ),
    "sandbox": LazyCommand(
        "target_w50.sandbox.command", "sandbox", "A local W50 to try things with.", needs_sandbox=True
    ),
}


def require_sandbox() -> None:
    """Say what to install where the extra `sandbox` is missing.

    Raises:
        SettingsError: with code `extra_missing`.
    """
    missing = [name for name in SANDBOX_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"the sandbox is not installed ({', '.join(missing)} missing): pip install 'target-w50[sandbox]'",
            code="extra_missing",
        )


class LazyGroup(SuggestingGroup):
    """The program's commands, each imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `w50 --help`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now, or None."""
        del ctx
        lazy = COMMANDS.get(cmd_name)
        return lazy.load() if lazy else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin like this, without importing them, and the program's options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only a shell needs it

        items = [
            CompletionItem(name, help=lazy.summary)
            for name, lazy in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: w50 demo",
)
@click.version_option(package_name="target-w50", prog_name="w50")
def w50() -> None:
    """Commands for the operator of target-w50, the Singer target for W50."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `w50` and end the process with its exit status.

    Args:
        arguments: what stands behind the program's name; None: the process's own.
    """
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and say what went wrong, if anything did.

    Args:
        arguments: what stands behind the program's name; None: the process's own.

    Returns:
        The exit status.
    """
    try:
        if COMPLETION in os.environ:
            return _complete(os.environ[COMPLETION])
        exit_status = _invoke(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the data has had enough; Python would complain at its end that it can't flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    return exit_status


def _complete(instruction: str) -> int:
    """Answer a shell that completes a command, or asks how to."""
    from click.shell_completion import shell_complete  # noqa: PLC0415  # only a shell needs it

    try:
        return shell_complete(w50, {}, "w50", COMPLETION, instruction)
    except TargetW50Error:
        return 1  # of a command that can't be loaded here, nothing is known


def _invoke(arguments: Sequence[str]) -> int:
    context: click.Context | None = None
    try:
        with w50.make_context("w50", list(arguments), color=False if is_colourless() else None) as context:
            status = w50.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except TargetW50Error as error:
        if error.code == SettingsError.default_code and context is not None and context.meta.get(NO_SETTINGS):
            error = SettingsError(
                "No settings were given: name a file with --config, or let `w50 init` make one. "
                "Nothing was read or sent."
            )
        # The commands change nothing at W50, so each can be run again.
        say_last(error, "safe", program="w50")
        return error.exit_status
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  # a traceback may show a contact's values
        defect = unexpected(error)
        say_last(defect, "safe", program="w50")
        return defect.exit_status
    return status if isinstance(status, int) else 0
