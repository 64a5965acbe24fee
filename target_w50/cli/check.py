"""`w50 check`: what of the settings works, line by line."""

from __future__ import annotations

import time

import click

from target_w50.checks import Finding, check_all
from target_w50.cli.given import config_option, json_option, prompt, warnings_told
from target_w50.cli.output import print_json
from target_w50.settings.connection import Connection
from target_w50.settings.sources import read_config
from target_w50.tables import printable

LONGEST_CHECK = len("authentication")


@click.command(
    "check",
    short_help="Settings, connection, lists and fields: what works.",
    epilog="Example: w50 check --config config.json",
)
@config_option
@json_option
def check_command(config: tuple[str, ...], *, as_json: bool) -> None:
    """Check what a run needs, and say line by line what passed and what failed.

    The settings, the address, the authentication, every list of `streams` (its name and number of contacts),
    every FieldName that the settings name, and the outputs. Nothing is sent but GETs. The exit status is what
    a run would end with.
    """
    findings: list[Finding] = []
    values = read_config(config)
    with warnings_told():
        for finding in check_all(values, lambda settings: Connection(prompt(settings), time.sleep).client()):
            findings.append(finding)
            if not as_json:
                _print(finding)
    if as_json:
        print_json(
            {"checks": [_as_json(each) for each in findings], "passed": all(each.passed for each in findings)}
        )
    failed = [each.error for each in findings if each.error is not None]
    if failed:
        raise failed[0]


def _print(finding: Finding) -> None:
    word = click.style("passed", fg="green") if finding.passed else click.style("FAILED", fg="red", bold=True)
    click.echo(f"{word}  {finding.check:{LONGEST_CHECK}}  {printable(finding.message)}")


def _as_json(finding: Finding) -> dict[str, object]:
    error = finding.error
    return {
        "check": finding.check,
        "passed": finding.passed,
        "message": finding.message,
        "error_code": error.code if error else None,
        "exit_status": error.exit_status if error else 0,
    }
