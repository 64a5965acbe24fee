"""What is wrong with settings, in sentences that never show a value: it may be a secret."""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from target_w50.errors import SettingsError
from target_w50.settings.checks import AUTO, OFF, CheckKind, kind_and_region
from target_w50.settings.choices import (
    AuthMethod,
    CustomEventsOncePer,
    DeletedRecords,
    ImportMode,
    OnFailedCheck,
    OnInvalidRecord,
    Send,
)
from target_w50.settings.journal_place import NONE, journal_faults
from target_w50.settings.output_place import output_faults
from target_w50.settings.schema import DROP, IN_FILES
from target_w50.w50 import GrantType, check_url


def settings_faults(given: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Say everything that is wrong with the settings.

    Args:
        given: the settings, without those that are null.
        schema: their JSON Schema.

    Returns:
        A sentence part for each fault. Rules between settings are judged for those that fit the schema.
    """
    errors = list(Draft202012Validator(schema).iter_errors(given))
    return (*_schema_faults(errors), *_number_faults(given), *_rule_faults(_Sound(given, schema, errors)))


class _Sound:
    """The settings that fit the schema, with the defaults of those not given; and the names of all given.

    Args:
        given: all settings.
        schema: their JSON Schema.
        errors: what it says of them.
    """

    def __init__(
        self, given: Mapping[str, Any], schema: Mapping[str, Any], errors: list[ValidationError]
    ) -> None:
        paths = [list(error.absolute_path) for error in errors]
        unsound = {path[0] for path in paths if path}
        self.names = given.keys()
        settings = {
            name: setting["default"] for name, setting in schema["properties"].items() if "default" in setting
        }
        settings.update(given)
        self.settings = {name: value for name, value in settings.items() if name not in unsound}
        self.entries: dict[int, Mapping[str, Any]] = {}
        if ["streams"] not in paths and isinstance(given.get("streams"), list):
            faulty = {path[1] for path in paths if len(path) > 1 and path[0] == "streams"}
            self.entries = {
                index: entry for index, entry in enumerate(given["streams"]) if index not in faulty
            }


def _schema_faults(errors: list[ValidationError]) -> Iterator[str]:
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        yield from _fault_sentences(error)


def _number_faults(value: Any, where: str = "") -> Iterator[str]:
    """Python's readers of JSON take NaN and Infinity, and NaN passes every limit."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _number_faults(each, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _number_faults(each, f"{where}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"`{where}` must be a finite number"


def _fault_sentences(error: ValidationError) -> Iterator[str]:
    """The fault without the offending value: that may be a secret or a contact's."""
    where = _place(error)
    rule = error.validator
    allowed: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    if rule == "additionalProperties":
        known = list(schema.get("properties", {}))
        for name in sorted(set(instance) - set(known)):
            yield f"`{where}{'.' if where else ''}{name}` is no setting{_nearest(name, known)}"
        return
    if rule == "required":
        for name in sorted(set(allowed) - set(instance)):
            yield f"`{where}{'.' if where else ''}{name}` is required"
        return
    expectations = {
        "type": f"must be of type {' or '.join([allowed] if isinstance(allowed, str) else allowed)}"
        if rule == "type"
        else "",
        "enum": f"must be one of {', '.join(map(str, allowed))}" if rule == "enum" else "",
        "minimum": f"must be at least {allowed}",
        "maximum": f"must be at most {allowed}",
        "exclusiveMinimum": f"must be more than {allowed}",
        "minLength": "must not be empty",
        "minItems": "must not be empty",
        "uniqueItems": "must not name anything twice",
        "pattern": "has a character that is not allowed in it",
    }
    yield f"`{where}` {expectations.get(str(rule), f'is not valid ({rule})')}"


def _place(error: ValidationError) -> str:
    parts = ""
    for part in error.absolute_path:
        parts += f"[{part}]" if isinstance(part, int) else f".{part}" if parts else str(part)
    return parts


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _rule_faults(sound: _Sound) -> Iterator[str]:
    given = sound.settings
    yield from _auth_faults(sound)
    yield from _file_faults(sound)
    yield from _url_faults(given)
    yield from _stream_faults(sound)
    yield from _expression_faults(given)
    pauses = [given[name] for name in ("poll_interval_s", "poll_max_interval_s") if name in given]
    if pauses != sorted(pauses):
        yield "`poll_interval_s` must not be more than `poll_max_interval_s`"
    if "quarantine_path" not in sound.names:
        yield from _wanted_quarantine(sound)
    yield from journal_faults(given, sound.names)
    yield from output_faults(given)
    if given.get("flattening_enabled") and "flattening_max_depth" not in sound.names:
        yield "`flattening_max_depth` is required for `flattening_enabled`"


def _wanted_quarantine(sound: _Sound) -> Iterator[str]:
    """That records may be set aside, and by which settings."""
    reasons = {each for entry in sound.entries.values() for each in _sets_aside(entry)}
    if sound.settings.get("on_invalid_record") == OnInvalidRecord.QUARANTINE:
        reasons.add("`on_invalid_record` quarantine")
    if reasons:
        yield (
            "`quarantine_path` is required to quarantine records (`w50 import`: --quarantine FILE), which "
            f"{' and '.join(sorted(reasons))} may do"
        )


def _sets_aside(entry: Mapping[str, Any]) -> Iterator[str]:
    """The settings by which an entry may have a record set aside by itself."""
    failed = entry.get("on_failed_check", OnFailedCheck.WARN)
    checks, match_fields = entry.get("contact_checks", AUTO), entry.get("match_fields", ())
    if entry.get("deleted_records") == DeletedRecords.QUARANTINE:
        yield "`deleted_records` quarantine"
    if checks == OFF:
        return
    if failed == OnFailedCheck.QUARANTINE:
        yield "`on_failed_check` quarantine"
    elif failed == OnFailedCheck.OMIT and not {*match_fields}.isdisjoint(
        match_fields if isinstance(checks, str) else checks
    ):
        # A match field is never left out.
        yield "`on_failed_check` omit (for a match field)"


def _file_faults(sound: _Sound) -> Iterator[str]:
    for name in IN_FILES:
        if name in sound.names and f"{name}_file" in sound.names:
            yield f"`{name}` and `{name}_file` must not both be set"
    if "client_key" in sound.names and "client_certificate" not in sound.names:
        yield "`client_key` needs `client_certificate`"


def _auth_faults(sound: _Sound) -> Iterator[str]:
    given = sound.settings
    if "auth_method" not in given:
        return  # Which settings it needs is not known.
    method = AuthMethod(given["auth_method"])
    with_password = given.get("oauth2_grant_type") == GrantType.PASSWORD
    needed = {
        AuthMethod.BEARER: ["auth_token"],
        AuthMethod.HEADER: ["auth_token"],
        AuthMethod.BASIC: ["username", "password"],
        AuthMethod.OAUTH2: ["oauth2_token_url", "oauth2_client_id"]
        + (["username", "password"] if with_password else ["oauth2_client_secret"]),
    }
    for name in needed[method]:
        if name not in sound.names and f"{name}_file" not in sound.names:
            or_file = f" (or `{name}_file`)" if name in IN_FILES else ""
            yield f"`{name}` is required for `auth_method` {method.value}{or_file}"
    for name in ("auth_token", "username", "password"):
        value = given.get(name, "")
        if method is not AuthMethod.OAUTH2 and any(character in value for character in "\r\n\0"):
            yield f"`{name}` must not hold a line break"


def _url_faults(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("api_url", "oauth2_token_url"):
        if name not in given or (
            name == "oauth2_token_url" and given.get("auth_method") != AuthMethod.OAUTH2
        ):
            continue
        try:
            check_url(given[name], setting=f"`{name}`", allow_http=given.get("allow_http") is True)
        except SettingsError as error:
            yield error.message


def _expression_faults(given: Mapping[str, Any]) -> Iterator[str]:
    """Expressions of stream maps that can't be read: the SDK would tell late, and show them."""
    for stream, definition in given.get("stream_maps", {}).items():
        if not isinstance(definition, dict):
            continue
        for name, expression in definition.items():
            if not isinstance(expression, str) or (name.startswith("__") and name != "__filter__"):
                continue
            try:
                ast.parse(expression.strip(), mode="eval")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                yield f"`stream_maps.{stream}.{name}` is not an expression"


def _stream_faults(sound: _Sound) -> Iterator[str]:
    loads = sound.settings.get("import_mode") != ImportMode.CREATE_ONLY
    seen: set[str] = set()
    for index, entry in sound.entries.items():
        where, name = f"streams[{index}]", entry["stream"]
        if name in seen:
            yield f"`{where}.stream` repeats an earlier entry's"
        seen.add(name)
        if loads and "match_fields" not in entry and "enc_contact_id" not in entry:
            yield (
                f"`{where}.match_fields` is required to load (the FieldNames that decide which contact is "
                "updated; [] lets W50 decide)"
            )
        marks = entry.get("deleted_records") == DeletedRecords.MARK
        if marks and not entry.get("deleted_values"):
            yield f"`{where}.deleted_values` is required for `deleted_records` mark"
        if marks and not entry.get("match_fields") and "enc_contact_id" not in entry:
            yield f"`{where}.deleted_records` mark needs `match_fields` or `enc_contact_id`"
        if not marks and "deleted_values" in entry:
            yield f"`{where}.deleted_values` needs `deleted_records` mark"
        yield from _check_faults(where, entry)
        yield from _memory_faults(where, entry, remembers=not loads or sound.settings.get("journal") != NONE)
        if DROP in entry.get("match_fields", ()):
            yield f"`{where}.match_fields` must not name {DROP}"


def _check_faults(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    checks = entry.get("contact_checks", AUTO)
    if isinstance(checks, str):
        if checks not in (AUTO, OFF):
            yield f"`{where}.contact_checks` must be {AUTO}, {OFF}, or FieldNames with their checks"
        return
    kinds = ", ".join(each.value for each in CheckKind)
    for name, text in checks.items():
        try:
            kind_and_region(text)
        except ValueError:
            yield (
                f"`{where}.contact_checks.{name}` must be one of {kinds}, or phone: and a region in two "
                "letters, such as phone:GB"
            )


def _memory_faults(where: str, entry: Mapping[str, Any], *, remembers: bool) -> Iterator[str]:
    """What an entry asks of the journal that can't be had."""
    changed = entry.get("send") == Send.CHANGED
    ignored = entry.get("ignore_changes_in", ())
    if ignored and not changed:
        yield f"`{where}.ignore_changes_in` needs `send` changed"
    if not {*ignored}.isdisjoint(entry.get("match_fields", ())):
        yield f"`{where}.ignore_changes_in` must not name a match field"
    if remembers:
        return
    if changed:
        yield f"`{where}.send` changed needs a `journal`, which tells what W50 last took"
    if entry.get("custom_events_once_per", "run") != CustomEventsOncePer.RUN and entry.get("custom_events"):
        yield f"`{where}.custom_events_once_per` needs a `journal`, which tells what has fired"
