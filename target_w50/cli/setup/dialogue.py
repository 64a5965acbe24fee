"""What `w50 init` finds out, by options or by asking: a connection that works, a list, the tap's streams."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_w50.cli.options import say, warnings_told
from target_w50.cli.setup.asking import Asking
from target_w50.cli.setup.entries import KnownList, ProposedEntry, propose_entry
from target_w50.cli.setup.samples import TapStream, stream_of_file, streams_of_catalog, streams_of_messages
from target_w50.cli.setup.secrets import BESIDE, SECRET_OF, GivenSecret
from target_w50.console.tables import counted, write_table
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.names import listing, nearest
from target_w50.errors import InputError, MappingError, RefusedError, SettingsError, TargetW50Error
from target_w50.files.faults import unfit
from target_w50.files.opening import Kind, kind_of
from target_w50.runtime.clock import CLOCK
from target_w50.settings.choices import AuthMethod
from target_w50.settings.connection import Connection
from target_w50.settings.model import connection_settings
from target_w50.settings.schema import API_URL
from target_w50.singer.lines import open_input
from target_w50.w50 import check_url

if TYPE_CHECKING:
    from target_w50.w50 import W50Client

RETRY_FOR_S = 3
"""A person waits for the answer, and can ask again."""
ABOUT_THE_SECRET = (401, 403)
INSTEAD = "Say"


@dataclass
class Connected:
    """A connection that works.

    Attributes:
        settings: of the connection, without the secret.
        secret: which was accepted; None: one that the settings had already.
        client: to ask W50 with.
    """

    settings: dict[str, Any]
    secret: str | None
    client: W50Client


@dataclass
class Dialogue:
    """The questions, in their order.

    Args:
        asking: who can be asked.
        known: settings that stand there already.
        given: settings by options.
        secret: where the secret is.
    """

    asking: Asking
    known: Mapping[str, Any]
    given: dict[str, Any]
    secret: GivenSecret

    def __post_init__(self) -> None:
        method = self.given.get("auth_method") or self.known.get("auth_method") or AuthMethod.BEARER.value
        self.method = AuthMethod(method)
        self.setting = SECRET_OF[self.method]

    def note_what_lacks(self, contact_list: str | None, sample: Path | None, streams: Sequence[str]) -> None:
        """Have everything named at once that would have to be asked for.

        Raises:
            SettingsError: something lacks, and nobody can be asked.
        """
        if self.asking.allowed:
            return
        lacks = self.asking.lacks
        for name in BESIDE.get(self.method, ()):
            if name not in self.given and name not in self.known:
                lacks.append(f"--set {name}=VALUE")
        if self.secret == GivenSecret() and not self._has_secret():
            lacks.append("the secret (--secret-env NAME, --secret-file FILE or --secret-stdin)")
        if contact_list is None:
            lacks.append("--list LIST")
        if sample is None and not streams:
            lacks.append("what is to be loaded (a FILE of it, the tap's catalog, or --stream NAME)")
        self.asking.require()

    def _has_secret(self) -> bool:
        return bool(self.known.get(self.setting) or self.known.get(f"{self.setting}_file"))

    def connected(self) -> Connected:
        """Ask for address and secret until W50 answers with its lists.

        Raises:
            TargetW50Error: it does not, and nobody can be asked again.
        """
        settings = dict(self.given)
        if "api_url" not in settings:
            settings["api_url"] = self._address(str(self.known.get("api_url") or API_URL))
        for name in BESIDE.get(self.method, ()):
            if name not in settings:
                settings[name] = self.known.get(name) or self.asking.text(name)
        secret = self.secret.read(self.setting)
        if secret is None and self.asking.allowed:
            secret = self._asked_secret()
        while True:
            try:
                return Connected(settings, secret, self._tried(settings, secret))
            except TargetW50Error as error:
                if not self.asking.allowed:
                    raise
                say(error.message)
                if isinstance(error, RefusedError) and error.status in ABOUT_THE_SECRET:
                    secret = self._asked_secret(again=True)
                else:
                    settings["api_url"] = self._address(str(settings["api_url"]))

    def _address(self, usual: str) -> str:
        while self.asking.allowed:
            address = self.asking.text("Address of W50's API (api_url)", usual)
            try:
                check_url(address, setting="`api_url`", allow_http=True)
            except SettingsError as error:
                say(f"{error.message} W50's own is {API_URL}; the sandbox says its own when it starts.")
            else:
                return address
        return usual

    def _asked_secret(self, *, again: bool = False) -> str | None:
        has = self._has_secret() and not again
        hint = ", empty: as it is set already" if has else ""
        return self.asking.secret(f"Secret ({self.setting}; not shown{hint})", may_be_empty=has) or None

    def values(self, settings: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
        """The settings with the secret, for this process alone."""
        values = {**self.known, **settings}
        if secret is not None:
            values[self.setting] = secret
            values.pop(f"{self.setting}_file", None)
        values.pop("streams", None)
        return values

    def _tried(self, settings: Mapping[str, Any], secret: str | None) -> W50Client:
        judged = connection_settings(self.values(settings, secret))
        judged = dataclasses.replace(judged, retry_for_s=min(judged.retry_for_s, RETRY_FOR_S))
        client = Connection(judged, CLOCK).client()
        try:
            with warnings_told():
                client.list_contact_lists()
        except BaseException:
            client.close()
            raise
        return client

    def chosen_list(self, client: W50Client, wanted: str | None) -> KnownList:
        """The list to load into, with its fields.

        Raises:
            MappingError: there is no such list, and nobody can be asked again.
        """
        directory = ListDirectory(client)
        lists = directory.all_lists()
        if wanted is None:
            rows = [(each.id, each.name, f"{each.count:,}") for each in lists]
            write_table(sys.stderr, ("id", "name", "contacts"), rows, numbers=("id", "contacts"))
        while True:
            only = lists[0].name if len(lists) == 1 else None
            text = wanted or self.asking.text("Contact list to load into (id or name)", only)
            try:
                found = directory.resolve(text, instead=INSTEAD)
                return KnownList(found, directory.fields(found.id))
            except MappingError as error:
                if not self.asking.allowed:
                    raise
                say(error.message)
                wanted = None

    def chosen_streams(
        self, sample: Path | None, names: Sequence[str], encoding: str | None = None
    ) -> list[TapStream]:
        """The streams to load.

        Args:
            sample: a file that tells what there is to load.
            names: only these streams.
            encoding: of CSV that is not UTF-8.

        Raises:
            SettingsError: the sample does not have them, or it must be said which.
            InputError: the sample is not Singer.
        """
        if sample is None and not names:
            sample = self._asked_sample()
        if sample is None:
            chosen = names or [self.asking.text("Name of the tap's stream", "contacts")]
            return [TapStream(name, (), ()) for name in chosen]
        found = streams_of_sample(sample, encoding)
        if names:
            missing = [name for name in names if name not in [each.name for each in found]]
            if missing:
                known = [each.name for each in found]
                raise SettingsError(
                    f"{sample} has no stream {missing[0]!r}{nearest(missing[0], known)}; it has "
                    f"{listing(known)}.",
                    code="usage",
                )
            return [each for each in found if each.name in names]
        if not found:
            raise SettingsError(f"{sample} has no stream with properties.", code="usage")
        if len(found) == 1:
            return found
        if not self.asking.allowed:
            names = [each.name for each in found]
            raise SettingsError(
                f"{sample} has {counted(len(found), 'stream')}: say which with --stream NAME "
                f"({listing(names)}).",
                code="usage",
            )
        return [each for each in found if self.asking.yes(f"Load stream {each.name!r}?", default=True)]

    def _asked_sample(self) -> Path | None:
        while True:
            text = self.asking.text_or_nothing(
                "File of contacts, of what the tap sends, or the tap's catalog (empty: none)"
            )
            if not text:
                return None
            path = Path(text).expanduser()
            if path.is_file():
                return path
            say(f"there is no file {path}")

    def entry_for(self, stream: TapStream, known: KnownList, match_fields: Sequence[str]) -> ProposedEntry:
        """The stream's entry, with the fields that contacts are matched by.

        Raises:
            MappingError: the list has no such field.
        """
        names = known.field_names or []
        for name in match_fields:
            self._require_field(name, names)
        entry = propose_entry(stream.name, stream.properties, stream.keys, known, match_fields or None)
        if stream.is_file and not entry.entry.get("fields"):
            raise unfit(
                "The list has no field of a column's name. Does the first line of the file name the columns? "
                "If so, name the fields to `w50 import`: --list LIST --match FIELD --field COLUMN=FIELD."
            )
        if not entry.entry["match_fields"] and not stream.properties:
            by_type = [
                each.name for each in known.fields or () if (each.map_type or "").casefold() == "email"
            ]
            if by_type:
                return propose_entry(stream.name, stream.properties, stream.keys, known, by_type[:1])
        while not entry.entry["match_fields"]:
            if not self.asking.allowed:
                raise SettingsError(
                    f"Stream {stream.name!r}: no property tells one contact from another. Say which "
                    "FieldName does: --match FIELD.",
                    code="usage",
                )
            name = self.asking.text(f"Stream {stream.name!r}: FieldName that tells one contact from another")
            try:
                self._require_field(name, names)
            except MappingError as error:
                say(error.message)
                continue
            entry = propose_entry(stream.name, stream.properties, stream.keys, known, [name])
        return entry

    @staticmethod
    def _require_field(name: str, names: Sequence[str]) -> None:
        if name not in names:
            raise MappingError(
                f"The list has no field {name!r}{nearest(name, names)}; it has {listing(names)}.",
                code="field_unknown",
            )


def streams_of_sample(sample: Path, encoding: str | None = None) -> list[TapStream]:
    """The streams of a file of contacts, of a catalog, or of Singer messages.

    Args:
        sample: the file.
        encoding: of CSV that is not UTF-8.

    Raises:
        InputError: it is none of them.
    """
    kind = kind_of(sample.name)
    if kind in (Kind.CSV, Kind.PARQUET):
        return [stream_of_file(sample, encoding)]
    found = streams_of_catalog(sample)
    if found is not None:
        return [each for each in found if each.name and each.properties]
    from target_w50.singer.lean_sdk import import_lean  # noqa: PLC0415  # only messages need the SDK

    import_lean()
    try:
        with open_input(sample) as messages:
            return list(streams_of_messages({}, messages))
    except InputError:
        if kind is None:
            raise
        return [stream_of_file(sample)]  # JSON lines that are contacts, and no messages
