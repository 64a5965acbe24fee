"""All that this project overrides of the SDK, or uses of its private parts, and that the SDK still fits.

The tables below are complete: a new override or private name fails here until it is listed, with a test. Each
test of a rule shows two things: that the SDK still does what we override, and that it still asks us instead.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import logging
import signal
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, ClassVar

import pytest
from singer_sdk._logging import _setup_console_logging
from singer_sdk.exceptions import ConfigValidationError, InvalidRecord
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key
from singer_sdk.helpers.capabilities import TargetCapabilities
from singer_sdk.mapper import CustomStreamMap, PluginMapper, SameRecordTransform
from singer_sdk.plugin_base import _plugin_log_level
from singer_sdk.singerlib.encoding import SimpleSingerReader
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.sinks import Sink
from singer_sdk.target_base import Target

import target_w50
from target_w50.errors import InputError, SettingsError
from target_w50.sandbox import Sandbox
from target_w50.singer.reader import InputReader
from target_w50.target import TargetW50
from target_w50.target.sinks import W50Sink
from tests.support import LIST, entry, lines, record, schema, settings, state
from tests.target import test_sdk_standard

MESSAGES = {
    "_process_schema_message",
    "_process_record_message",
    "_process_state_message",
    "_process_activate_version_message",
    "_process_batch_message",
}
OVERRIDDEN: dict[type, set[str]] = {
    TargetW50: {
        # What every target gives.
        *("name", "package_name", "config_jsonschema", "default_sink_class"),
        *("capabilities", "message_reader"),
        *("_setup_signal_handlers", "_validate_config", "append_builtin_config", "setup_mapper"),
        *MESSAGES,
        "process_endofpipe",
    },
    W50Sink: {
        *("get_validator", "_remove_sdc_metadata_from_schema"),
        *("process_record", "process_batch", "clean_up"),
    },
    InputReader: {"default_input", "deserialize_json", "process_lines"},
    # A target's test class gives these.
    test_sdk_standard.TestStandard: {"resource", "runner"},
}
INHERITED_PRIVATE: dict[type, set[str]] = {
    TargetW50: {"_config", "_mapper", "_sinks_active"},
    W50Sink: set(),
    InputReader: set(),
}
"""Attributes of the SDK's that our classes read or set though their names are private."""

IMPORTED_PRIVATE = {
    "singer_sdk._logging._setup_console_logging",
    "singer_sdk.plugin_base._plugin_log_level",
    "singer_sdk.helpers._flattening.FlatteningOptions",
    "singer_sdk.helpers._flattening.flatten_key",
    "singer_sdk.helpers._flattening.flatten_schema",
}
CALLED_PRIVATE = {"_add_sdc_metadata_to_record"}
"""Of the SDK's classes, called from outside of them."""

BASES: dict[type, type] = {TargetW50: Target, W50Sink: Sink, InputReader: GenericSingerReader}
SECRET = "anna@example.com"


# The tables.


def members(base: type) -> set[str]:
    """The names that a class and those above it define."""
    found: set[str] = set()
    for each in base.__mro__[:-1]:
        found |= {*vars(each), *vars(each).get("__annotations__", {})}
    return {name for name in found if not name.startswith(("__", "_abc_", "_is_protocol"))}


def attributes(given: type, *, only_set: bool = False) -> set[str]:
    """The names of the attributes of `self` and `cls` that the source of a class uses."""
    return {
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(given))))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"self", "cls"}
        and (isinstance(node.ctx, ast.Store) or not only_set)
    }


def names_of_sdk(base: type) -> set[str]:
    """All that the SDK's class keeps under a name: what it defines, and what it sets on itself."""
    of_sdk = [each for each in base.__mro__ if each.__module__.startswith("singer_sdk")]
    kept = [attributes(each, only_set=True) for each in of_sdk]
    return members(base).union(*kept)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def trees(words: set[str]) -> Iterator[tuple[Path, ast.AST]]:
    """All that the package's modules are made of where one of these words stands."""
    for path in Path(target_w50.__file__).parent.rglob("*.py"):
        text = path.read_text("utf-8")
        if any(word in text for word in words):
            for node in ast.walk(ast.parse(text)):
                yield path, node


@pytest.mark.parametrize("ours", OVERRIDDEN)
def test_every_override_is_listed_and_the_sdk_still_has_what_it_overrides(ours: type) -> None:
    own = {*vars(ours), *vars(ours).get("__annotations__", {})}
    known = names_of_sdk(BASES.get(ours, test_sdk_standard._Standard))
    assert {name for name in own & known if not name.startswith("__")} == OVERRIDDEN[ours]


@pytest.mark.parametrize("ours", INHERITED_PRIVATE)
def test_every_private_attribute_of_the_sdk_in_use_is_listed(ours: type) -> None:
    private = {name for name in names_of_sdk(BASES[ours]) if is_private(name)}
    assert attributes(ours) & private - OVERRIDDEN[ours] == INHERITED_PRIVATE[ours]


@pytest.mark.parametrize("ours", INHERITED_PRIVATE)
def test_no_attribute_of_ours_takes_a_name_of_the_sdk(ours: type) -> None:
    set_by_us = attributes(ours, only_set=True)
    assert set_by_us & names_of_sdk(BASES[ours]) <= OVERRIDDEN[ours] | INHERITED_PRIVATE[ours]


def imports() -> Iterator[tuple[Path, str]]:
    """Private names that are imported from the SDK."""
    for path, node in trees({"singer_sdk"}):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("singer_sdk"):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if "._" in name:
                    yield path, name


def calls() -> Iterator[tuple[Path, str]]:
    """Private methods of the SDK's classes that are called from outside of them."""
    of_sdk = {
        name
        for base in (Target, Sink, PluginMapper, CustomStreamMap)
        for name in members(base)
        if is_private(name)
    }
    for path, node in trees({f".{name}" for name in of_sdk}):
        if isinstance(node, ast.Attribute) and node.attr in of_sdk:
            own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            if not own:
                yield path, node.attr


def test_every_private_name_imported_from_the_sdk_is_listed() -> None:
    assert {name for _, name in imports()} == IMPORTED_PRIVATE


def test_every_private_method_of_the_sdk_called_from_outside_is_listed() -> None:
    assert {name for _, name in calls()} == CALLED_PRIVATE


def test_the_code_names_this_file_where_it_leaves_the_sdks_public_ways() -> None:
    places = {path for path, _ in (*imports(), *calls())} | {Path(inspect.getfile(ours)) for ours in BASES}
    without = {path.name for path in places if Path(__file__).name not in path.read_text("utf-8")}
    assert without == set()


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (ours, name)
        for ours in BASES
        for name in sorted(OVERRIDDEN[ours])
        if isinstance(vars(ours).get(name), (FunctionType, classmethod))
    ],
)
def test_an_override_takes_what_the_sdk_hands_over(ours: type, name: str) -> None:
    mine, theirs = (inspect.signature(getattr(each, name)) for each in (ours, BASES[ours]))
    assert [(each.name, each.kind) for each in mine.parameters.values()] == [
        (each.name, each.kind) for each in theirs.parameters.values()
    ]


# What the SDK does by itself, and where it asks us.


class PlainSink(Sink):
    """A sink of the SDK's."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        del record, context

    def process_batch(self, context: dict[str, Any]) -> None:
        del context


class PlainTarget(Target):
    """A target of the SDK's, none of it overridden."""

    name = "plain"
    default_sink_class = PlainSink
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
    }


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(token="a-token", lists=[LIST]) as sandbox:
        yield sandbox


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return settings(sandbox, entry("*"), poll_interval_s=0.01)


def listen(target: Target, *messages: Mapping[str, Any]) -> None:
    target.listen(io.StringIO(lines(messages).decode()))


def test_the_sdk_takes_the_signals_and_ours_leaves_them(config: dict[str, Any]) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(each) for each in numbers]
    try:
        TargetW50(config=config)
        assert [signal.getsignal(each) for each in numbers] == before
        target = PlainTarget()
        assert [signal.getsignal(each) for each in numbers] == [target._handle_termination] * 2
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> PlainTarget:
    monkeypatch.setattr(PlainTarget, "_setup_signal_handlers", lambda _: None)
    return PlainTarget()


def test_the_sdk_shows_values_of_the_settings_and_ours_does_not() -> None:
    with pytest.raises(ConfigValidationError) as theirs:
        PlainTarget(config={"n": SECRET})
    assert SECRET in str(theirs.value.errors)
    with pytest.raises(SettingsError) as mine:
        TargetW50(config={"auth_token": "t", "streams": [entry()], "batch_size_rows": SECRET})
    assert "batch_size_rows" in str(mine.value)
    assert SECRET not in str(mine.value)
    wrong = TargetW50(config={"auth_token": "t", "streams": []}, validate_config=False, setup_mapper=False)
    assert wrong._validate_config(raise_errors=False)


def test_the_sdk_adds_settings_that_ours_does_not_have() -> None:
    before = json.dumps(TargetW50.config_jsonschema)
    added: dict[str, Any] = {"properties": {}}
    Target.append_builtin_config.__func__(TargetW50, added)  # type: ignore[attr-defined]
    assert {"batch_config", "load_method"} <= added["properties"].keys()
    assert TargetCapabilities.VALIDATE_RECORDS in TargetW50.capabilities
    TargetW50._get_about_info()
    assert json.dumps(TargetW50.config_jsonschema) == before


def test_the_sdk_changes_the_stream_maps_of_the_settings_and_ours_leaves_them(config: dict[str, Any]) -> None:
    maps = {"contacts": {"id": "id"}, "__else__": None}
    given = {"stream_maps": dict(maps)}
    PluginMapper(plugin_config=given, logger=logging.getLogger("a test"))  # type: ignore[arg-type]
    assert given["stream_maps"] != maps
    config["stream_maps"] = dict(maps)
    target = TargetW50(config=config)
    assert config["stream_maps"] == maps
    assert target.mapper is target._stream_maps.mapper


def test_each_message_reaches_our_method_by_the_sdk_and_the_end_does(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in (*MESSAGES, "process_endofpipe"):
        monkeypatch.setattr(TargetW50, name, lambda *_, name=name: calls.append(name))
    target = TargetW50(config=config)
    others = ({"type": "ACTIVATE_VERSION", "stream": "contacts"}, {"type": "BATCH", "stream": "contacts"})
    try:
        listen(target, schema(), record(1), state(1), *others)
    finally:
        target.run.close()
    assert calls == [
        "_process_schema_message",
        "_process_record_message",
        "_process_state_message",
        "_process_activate_version_message",
        "_process_batch_message",
        "process_endofpipe",
    ]


def test_the_sdk_writes_states_before_the_work_is_done_and_ours_drains_nowhere(
    plain: PlainTarget, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(Target, "_MAX_RECORD_AGE_IN_MINUTES", -1.0)
    listen(plain, schema(), record(1), state(1), record(2))
    assert capsys.readouterr().out.count("\n") == 2  # after the record, and at the end of the input
    drained: list[object] = []
    for name in ("drain_all", "drain_one", "_drain_all", "_write_state_message"):
        monkeypatch.setattr(Target, name, lambda *_, **__: drained.append(1))
    file = tmp_path / "contacts.jsonl"
    file.write_text(json.dumps(record(3)["record"]))
    encoding = {"format": "jsonl", "compression": "none"}
    batch = {"type": "BATCH", "stream": "contacts", "encoding": encoding, "manifest": [file.as_uri()]}
    listen(TargetW50(config=config), schema(), record(1), state(1), record(2), batch)
    assert drained == []


def test_the_sdk_keeps_replaced_sinks_and_ours_lets_them_go(
    plain: PlainTarget, config: dict[str, Any]
) -> None:
    changed = schema(properties={"email": {"type": "string"}})
    listen(plain, schema())
    plain._process_schema_message(changed)
    assert len(plain._sinks_to_clear) == 1
    target = TargetW50(config=config)
    listen(target, schema(), changed)
    assert target._sinks_to_clear == []
    assert list(target._sinks_active) == ["contacts"]


def test_the_sdk_removes_its_columns_from_a_schema_and_ours_keeps_them(
    plain: PlainTarget, config: dict[str, Any]
) -> None:
    properties = {"email": {"type": "string"}, "_sdc_deleted_at": {"type": ["null", "string"]}}
    listen(plain, schema(properties=properties))
    assert list(plain.get_sink("contacts").schema["properties"]) == ["email"]
    target = TargetW50(config=config)
    listen(target, schema(properties=properties))
    assert target.get_sink("contacts").schema["properties"] == properties


def test_the_sdk_adds_its_columns_to_a_record_when_it_is_asked(plain: PlainTarget) -> None:
    listen(plain, schema())
    sink, columns = plain.get_sink("contacts"), dict[str, Any]()
    sink._add_sdc_metadata_to_record(columns, {"time_extracted": "2025-01-01T00:00:00Z", "version": 7}, {})
    assert (columns["_sdc_extracted_at"], columns["_sdc_table_version"]) == ("2025-01-01T00:00:00Z", 7)
    sink._add_sdc_metadata_to_schema()
    assert columns.keys() == sink.schema["properties"].keys() - schema()["schema"]["properties"].keys()


def test_the_sdk_shows_the_values_of_an_invalid_record_and_ours_has_no_validator_of_it(
    plain: PlainTarget, config: dict[str, Any]
) -> None:
    integers = schema(properties={"email": {"type": "integer"}})
    listen(plain, integers)
    with pytest.raises(InvalidRecord, match=SECRET):
        listen(plain, {"type": "RECORD", "stream": "contacts", "record": {"email": SECRET}})
    target = TargetW50(config=config)
    listen(target, integers)
    assert target.get_sink("contacts")._validator is None


def test_the_sdk_drains_a_sink_by_process_batch_and_finds_ours_empty(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = TargetW50(config=config)
    end, found = target.process_endofpipe, list[tuple[int, bool]]()

    def look_and_end() -> None:
        sink = target.get_sink("contacts")
        found.append((sink.current_size, sink.is_full))
        end()

    monkeypatch.setattr(target, "process_endofpipe", look_and_end)
    listen(target, schema(), record(1))
    assert found == [(0, False)]
    drained: list[object] = []
    monkeypatch.setattr(PlainSink, "process_batch", lambda *_: drained.append(1))
    listen(PlainTarget(), schema(), record(1))
    assert drained == [1]


def test_the_sdk_is_told_the_records_of_a_stream_once_at_the_end(
    config: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listen(TargetW50(config=config), schema(), *(record(number) for number in range(5)))
    points = [each.args[0] for each in caplog.records if each.msg.startswith("METRIC") and each.args]  # type: ignore[index]
    told: list[Any] = [each for each in points if getattr(each, "metric", None) == "record_count"]
    assert [(each.value, each.tags["stream"]) for each in told] == [(5, "contacts")]


def test_the_sdks_reader_shows_the_line_and_ours_does_not() -> None:
    without_type = json.dumps({"email": SECRET})
    with pytest.raises(Exception, match=SECRET):
        SimpleSingerReader().process_lines(io.StringIO(without_type), {})
    for reading in (
        lambda: InputReader().process_lines(io.StringIO(without_type), {}),
        lambda: InputReader().deserialize_json(f'{{"email": "{SECRET}"'),
    ):
        with pytest.raises(InputError) as caught:
            reading()
        assert SECRET not in str(caught.value)


# Stream maps and flattening.


@pytest.mark.parametrize("maps", [{}, {"contacts": {"email": "email"}}])
def test_a_stream_map_of_the_sdk_flattens_by_its_own_attribute(
    maps: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"stream_maps": maps, "flattening_enabled": True, "flattening_max_depth": 1}
    mapper = PluginMapper(plugin_config=given, logger=logging.getLogger("a test"))
    mapper.register_raw_stream_schema("contacts", schema()["schema"], ["email"])
    (stream_map,) = mapper.stream_maps["contacts"]
    assert isinstance(stream_map, CustomStreamMap if maps else SameRecordTransform)
    assert stream_map.flattening_enabled
    monkeypatch.setattr(stream_map, "flatten_record", lambda _: {"by": "ours"})
    assert stream_map.transform({"email": "a"}) == {"by": "ours"}


def test_the_sdk_names_a_column_by_its_path() -> None:
    options = FlatteningOptions(enabled=True, max_level=2, separator="__")
    assert flatten_key("c", ["a", "b"], options.separator, max_key_length=options.max_key_length) == "a__b__c"


# Logging.


def test_the_log_level_is_read_where_users_of_the_sdk_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGLEVEL", "TARGET_W50_LOGLEVEL"):
        monkeypatch.delenv(name, raising=False)
    assert _plugin_log_level(plugin_name="target-w50") == "INFO"
    monkeypatch.setenv("LOGLEVEL", "warning")
    assert _plugin_log_level(plugin_name="target-w50") == "WARNING"
    monkeypatch.setenv("TARGET_W50_LOGLEVEL", "debug")
    assert _plugin_log_level(plugin_name="target-w50") == "DEBUG"


def test_the_sdk_sets_the_log_up_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    _setup_console_logging(log_level="WARNING")
    logging.getLogger("target-w50").warning("told")
    assert root.level == logging.WARNING
    captured = capsys.readouterr()
    assert (captured.out, "told" in captured.err) == ("", True)
