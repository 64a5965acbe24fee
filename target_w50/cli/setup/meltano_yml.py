"""Settings put into the loader of a `meltano.yml`, whose comments and form stay."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from target_w50.cli.setup.entries import ProposedEntry, yaml_value
from target_w50.cli.setup.files import read_text, write_whole
from target_w50.cli.setup.yaml_text import YamlText, is_empty, loaded
from target_w50.errors import SettingsError
from target_w50.settings.meltano_project import PROGRAM

COMMANDS = ("check", "plan", "journal")
"""For `meltano invoke target-w50:check`; the loader of this repository's `meltano.yml` has more."""
CAPABILITIES = "about, batch, schema-flattening, stream-maps, structured-logging, validate-records"


@dataclass
class MeltanoFile:
    """A `meltano.yml` that is about to get settings of a loader.

    Args:
        path: the file.
        loader: the loader's name.
    """

    path: Path
    loader: str = PROGRAM
    _before: str | None = field(init=False)

    def __post_init__(self) -> None:
        self._before = read_text(self.path)

    @property
    def has_loader(self) -> bool:
        """Whether the loader stands in it already."""
        return self._config() is not None

    def streams(self) -> list[str]:
        """The streams that its entries are for."""
        streams = (self._config() or {}).get("streams")
        named = streams if isinstance(streams, list) else []
        return [str(each.get("stream")) for each in named if isinstance(each, dict)]

    def setting(self, name: str) -> Any:
        """What its `config` says of a setting, unexpanded."""
        return (self._config() or {}).get(name)

    def _config(self) -> Mapping[str, Any] | None:
        found = _loader_in(loaded(str(self.path), self._before or ""), self.loader)
        return None if found is None else found.get("config") or {}

    def text_with(
        self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secrets: Sequence[str] = ()
    ) -> str:
        """The file's text with these settings and entries of `streams` in it.

        Args:
            settings: texts and numbers by name.
            entries: each takes the place of one for the same stream.
            secrets: settings that a loader which is new is to declare, as their values stand in `.env`.

        Raises:
            SettingsError: the file's form does not let it.
        """
        text = YamlText(str(self.path), self._before or "")
        loader = _loader_node(text, self.loader)
        if loader is None:
            _add_loader(text, list(_new_loader(self.loader, settings, entries, secrets)))
        else:
            _put_into(text, loader, settings, entries)
        changed = text.changed()
        self._prove(changed, settings, entries)
        return changed

    def write(self, changed: str) -> None:
        """Write a text that `text_with` made."""
        write_whole(self.path, changed, before=self._before)

    def _prove(self, changed: str, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]) -> None:
        """See that the new text says what the old one did, and the settings; nothing is written unproven."""
        before, after = loaded(str(self.path), self._before or ""), loaded(str(self.path), changed)
        found = _loader_in(after, self.loader)
        old = (_loader_in(before, self.loader) or {}).get("config")
        expected: dict[str, Any] = copy.deepcopy(old or {})
        expected.update(settings)
        streams = list(expected.get("streams") or [])
        for each in entries:
            same = [at for at, other in enumerate(streams) if other.get("stream") == each.stream]
            if same:
                streams[same[0]] = each.entry
            else:
                streams.append(each.entry)
        if streams:
            expected["streams"] = streams
        is_new = _loader_in(before, self.loader) is None
        untouched = _without(before, self.loader, new=is_new) == _without(after, self.loader, new=is_new)
        if found is None or found.get("config") != expected or not untouched:
            raise SettingsError(
                f"{self.path} can't be changed without harm to what stands there. `--print` shows what "
                f"belongs below `config` of loader {self.loader}.",
                code="output_unwritable",
            )


def _loaders_in(document: Any) -> list[Any]:
    plugins = document.get("plugins") if isinstance(document, dict) else None
    loaders = plugins.get("loaders") if isinstance(plugins, dict) else None
    return loaders if isinstance(loaders, list) else []


def _loader_in(document: Any, name: str) -> dict[str, Any] | None:
    named = (each for each in _loaders_in(document) if isinstance(each, dict) and each.get("name") == name)
    return next(named, None)


def _without(document: Any, name: str, *, new: bool) -> dict[str, Any]:
    """What stands beside the loader's `config`, to be compared; of a new loader, what stands beside it."""
    rest: dict[str, Any] = copy.deepcopy(document) if isinstance(document, dict) else {}
    loaders = _loaders_in(rest)
    for each in [each for each in loaders if isinstance(each, dict) and each.get("name") == name]:
        if new:
            loaders.remove(each)
        else:
            each.pop("config", None)
    plugins = rest.get("plugins")
    if isinstance(plugins, dict) and not plugins.get("loaders"):
        plugins.pop("loaders", None)
    if not plugins:
        rest.pop("plugins", None)
    return rest


def _loader_node(text: YamlText, name: str) -> MappingNode | None:
    loaders = text.value(text.root, "plugins", "loaders")
    for each in loaders.value if isinstance(loaders, SequenceNode) else ():
        called = text.value(each, "name")
        if called is not None and called.value == name:
            return each if isinstance(each, MappingNode) else None
    return None


def _put_into(
    text: YamlText, loader: MappingNode, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]
) -> None:
    config = text.value(loader, "config")
    if is_empty(config):
        below = [*_setting_lines(settings), *_streams(entries)]
        text.put_member(loader, "config", ["config:", *("  " + line for line in below)])
        return
    if not isinstance(config, MappingNode):
        raise SettingsError(f"{text.name}: `config` of the loader is no object.")
    text.require_block(config)
    for name, value in settings.items():
        text.put_member(config, name, [f"{name}: {yaml_value(value)}"])
    streams = text.value(config, "streams")
    if (entries and not isinstance(streams, SequenceNode)) or is_empty(streams):
        if entries:
            text.put_member(config, "streams", list(_streams(entries)))
        return
    _put_entries(text, streams, entries)


def _put_entries(text: YamlText, streams: Node | None, entries: Sequence[ProposedEntry]) -> None:
    if not isinstance(streams, SequenceNode):
        return
    known: dict[str, int] = {}
    for number, each in enumerate(streams.value):
        called = text.value(each, "stream")
        if called is not None:
            known.setdefault(called.value, number)
    added: list[str] = []
    for entry in entries:
        if entry.stream in known:
            text.replace_item(streams, known[entry.stream], list(entry.lines()))
        else:
            added += entry.lines()
    if added:
        text.add_items(streams, added)


def _add_loader(text: YamlText, lines: Sequence[str]) -> None:
    plugins = text.member(text.root, "plugins")
    if plugins is None:
        text.add_below(["plugins:", "  loaders:", *("  " + line for line in lines)])
        return
    if not isinstance(text.root, MappingNode):
        raise SettingsError(f"{text.name} is not a project of Meltano.")
    if is_empty(plugins[1]):
        text.put_member(text.root, "plugins", ["plugins:", "  loaders:", *("  " + line for line in lines)])
        return
    loaders = text.value(plugins[1], "loaders")
    if isinstance(loaders, SequenceNode) and not is_empty(loaders):
        text.add_items(loaders, lines)
    elif isinstance(plugins[1], MappingNode):
        text.put_member(plugins[1], "loaders", ["loaders:", *lines])


def _new_loader(
    name: str, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secrets: Sequence[str]
) -> Iterator[str]:
    yield f"- name: {name}"
    yield "  namespace: target_w50"
    yield "  pip_url: target-w50"
    yield "  executable: target-w50"
    yield f"  capabilities: [{CAPABILITIES}]"
    yield "  settings:"
    for each in dict.fromkeys(("api_url", *settings)):
        yield f"  - {{name: {each}}}"
    for each in secrets:
        yield f"  - {{name: {each}, kind: password, sensitive: true}}"
    yield "  - {name: streams, kind: array}"
    yield "  commands:"
    for each in COMMANDS:
        yield f"    {each}: {{executable: w50, args: {each} --config ENV}}"
    yield "  config:"
    yield from ("    " + line for line in [*_setting_lines(settings), *_streams(entries)])


def _setting_lines(settings: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name}: {yaml_value(value)}" for name, value in settings.items())


def _streams(entries: Sequence[ProposedEntry]) -> Iterator[str]:
    if entries:
        yield "streams:"
    for each in entries:
        yield from each.lines()
