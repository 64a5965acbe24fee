"""The Singer target: messages in, contacts to the intake, states to the ledger."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, cast

from singer_sdk import metrics as sdk_metrics
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.target_base import Target

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import InputError, SettingsError, W50Error
from target_w50.outputs.metrics import MetricsWriter
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import ImportMode, Settings, settings_from
from target_w50.settings.schema import SETTINGS_SCHEMA
from target_w50.singer.batch_files import batch_blocks, batch_record, file_name, read_manifest
from target_w50.singer.lines import DEFAULT_TICK_S
from target_w50.singer.messages import key_properties, require, state_value
from target_w50.singer.reader import InputReader, Meanwhile
from target_w50.singer.stream_maps import StreamMaps
from target_w50.target.opening import open_run
from target_w50.target.routing import Routes
from target_w50.target.run import Run
from target_w50.target.sinks import W50Sink

LOOK_ROUND_EVERY = 1000
"""Records of a batch file between two looks at the background."""


class _BatchBlock(NamedTuple):
    """Lines of a batch file: where they were read, and themselves."""

    file: str
    base: int
    first: int
    lines: list[bytes]


class RecordWithoutSchemaError(InputError, RecordsWithoutSchemaException):
    """A record came before its stream's SCHEMA; also the SDK's error, for its standard tests."""


class TargetW50(Target):
    """Singer target for W50 (the Which50 marketing platform)."""

    name = "target-w50"
    package_name = "target-w50"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS_SCHEMA)
    default_sink_class = W50Sink
    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    message_reader: InputReader
    settings: Settings

    def __init__(self, *, run: Run | None = None, **more: Any) -> None:
        self._run = run
        # Given, not left to `message_reader_class`: the SDK would make it without a word of the run.
        super().__init__(message_reader=InputReader(self._begin_reading), **more)
        self._opened_routes: Routes | None = None
        self._place: int | None = None

    # What the SDK has of its own, in our way. Held by tests/target/test_sdk_overrides.py.

    def _setup_signal_handlers(self) -> None:
        """Leave signals alone: the SDK drains inside the handler and exits 0; the program owns them."""

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Judge the settings as a whole; the SDK's own way prints offending values.

        Those of a run that is given are judged already.

        Raises:
            SettingsError: names all faults at once.
        """
        if self._run is not None:
            self.settings = self._run.settings
            return []
        try:
            self.settings = settings_from(self._config)
        except SettingsError as error:
            if raise_errors:
                raise
            return list(error.faults)
        return []

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add nothing: the settings schema has the SDK's settings too, with our limits."""

    def setup_mapper(self) -> None:
        """Set up the SDK's stream maps.

        Raises:
            SettingsError: they can't be used.
        """
        self._stream_maps = StreamMaps(self._config, self.logger)
        self._mapper = self._stream_maps.mapper

    # The run's parts.

    @property
    def run(self) -> Run:
        """The run's parts, opened when they are first needed.

        Raises:
            SettingsError: an output can't be written, or an address not used.
        """
        if self._run is None:
            logger = sdk_metrics.get_metrics_logger()
            metrics = MetricsWriter(self.settings.metrics_path, logger, CLOCK.now)
            try:
                self._run = open_run(self.settings, metrics)
            except BaseException:
                metrics.close()
                raise
        return self._run

    @property
    def routes(self) -> Routes:
        """Where records go."""
        if self._opened_routes is None:
            self._opened_routes = Routes(self.settings, self._stream_maps, self._new_sink)
            self.message_reader.windows.find = self._opened_routes.short_way
        return self._opened_routes

    def _new_sink(self, stream: str, schema: dict[str, Any], keys: Any) -> W50Sink:
        # The SDK keeps replaced sinks in `_sinks_to_clear` until it drains; `add_sink` alone lets them go.
        sink = self.add_sink(stream, schema, keys)
        return cast("W50Sink", sink)

    def map_stream(self, stream: str, schema: Mapping[str, Any]) -> StreamMapping:
        """Decide list and FieldNames of a stream, and say what is ignored.

        Raises:
            MappingError: naming the stream and the nearest that exists.
        """
        return self.routes.map_stream(stream, schema, self.run.directory, self.run.wire)

    def tell_once(self, message: str, stream: str) -> None:
        """Warn of something about a stream, but only once a run."""
        self.routes.tell_once(message, stream)

    @property
    def place(self) -> int:
        """Where the record at hand was read."""
        return self._place if self._place is not None else self.message_reader.line_number

    # Messages. The SDK's own ways go through its sinks' batches and drains.

    def _begin_reading(self) -> Meanwhile:
        """Open the run before the tap is read, so that a bad output is known first."""
        run = self.run
        return Meanwhile(
            wake_fd=run.stop.wake_fd,
            look_round=run.intake.look_round,
            monotonic=run.clock.monotonic,
            tick_s=min(DEFAULT_TICK_S, self.settings.checkpoint_interval_s),
            max_line_bytes=self.settings.max_line_bytes,
            appended_path=self.settings.quarantine_path if run.quarantine is not None else None,
        )

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Decide what becomes of a stream; the same SCHEMA again changes nothing."""
        number = self.message_reader.line_number
        stream = require(message_dict, number, "stream", str)
        schema = require(message_dict, number, "schema", dict)
        keys = key_properties(message_dict, number)
        quarantine = self.run.quarantine
        line = None if quarantine is None else quarantine.schema(stream, self.message_reader.line)
        self.message_reader.windows.clear()
        try:
            routes = self.routes.register(stream, schema, keys)
        except W50Error as error:
            error.say(f"Stream {stream!r}: {error.message}")
            raise
        for route in routes:
            if route.sink is not None:
                route.sink.take_over(stream, line)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        reader = self.message_reader
        line, number = reader.line, reader.line_number
        stream = require(message_dict, number, "stream", str)
        record = require(message_dict, number, "record", dict)
        self._load_record(stream, record, message_dict, line, number)

    def _load_record(
        self, stream: str, record: dict[str, Any], message: dict[str, Any], raw: bytes, place: int
    ) -> None:
        """Send the record its ways; `raw` is the RECORD message as the tap sent it."""
        run, routes = self.run, self.routes.of(stream)
        if routes is None:
            raise RecordWithoutSchemaError(
                f"A record of stream {stream!r} ({run.places.text(place)}) came before a SCHEMA of that "
                "stream. Check the tap.",
                code="record_without_schema",
            )
        run.ledger.read(1, *[route.sink.counts for route in routes if route.sink is not None])
        for route in routes:
            route.load(record, message, raw, place)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Remember the state; it is written when all before it is loaded, and never if it is empty."""
        value = state_value(message_dict, self.message_reader.line_number)
        if value is not None and self.settings.import_mode is not ImportMode.DRY_RUN:
            self.run.ledger.state_read(value)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        stream = require(message_dict, self.message_reader.line_number, "stream", str)
        self.routes.tell_once(
            f"Stream {stream!r} sends ACTIVATE_VERSION; W50's import has no versions: nothing is deleted",
            stream,
        )

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Load the records of batch files, read as a stream, just as RECORD messages.

        The SDK's own way reads whole files and neither maps, validates nor counts their records.
        """
        manifest = read_manifest(message_dict, self.message_reader.line_number)
        try:
            for file in manifest.files:
                base = self.run.places.file(file_name(file))
                for first, lines in batch_blocks(file, manifest.compression, self.settings.max_line_bytes):
                    self._load_block(_BatchBlock(file, base, first, lines), manifest.stream, message_dict)
                    self.run.intake.look_round()
        finally:
            self._place = None

    def _load_block(self, block: _BatchBlock, stream: str, message: dict[str, Any]) -> None:
        prefix = f'{{"type":"RECORD","stream":{json.dumps(stream)},"record":'.encode()

        def wrapped(line: bytes) -> bytes:
            return prefix + line + b"}"

        def load(index: int) -> None:
            line, number = block.lines[index], block.first + index
            record = batch_record(line, number, block.file)
            if record is not None:
                self._place = block.base + number
                self._load_record(stream, record, message, wrapped(line), self._place)
            if number % LOOK_ROUND_EVERY == 0:
                self.run.intake.look_round()

        def read(index: int) -> dict[str, Any] | None:
            try:
                return batch_record(block.lines[index], block.first + index, block.file)
            except InputError:
                return None  # `load` says what is wrong

        way = self.routes.short_way(stream)
        if way is None:
            for index in range(len(block.lines)):
                load(index)
        else:
            place = block.base + block.first
            self.message_reader.windows.take_bare(way, block.lines, place, wrapped, read, load)

    def process_endofpipe(self) -> None:
        """Run what is open, wait for it, and let the last state pass.

        Taken over from the SDK, whose `drain_all` writes the state before a remote job has run.

        Raises:
            TargetW50Error: the first error of the background, the stop, or a limit.
        """
        run = self.run
        run.refusals.check_limits(at_end=True)
        run.intake.cut()
        run.loader.finish()
        run.refusals.check_limits(at_end=True)
        if self.settings.import_mode is not ImportMode.DRY_RUN:
            run.ledger.finish()
            run.intake.see_what_is_left()
        for sink in self._sinks_active.values():
            sink.clean_up()
        run.close()
