"""Changes in the text of a YAML file: lines are put in or replaced, and every other byte stays as it is.

A library that reads a file and writes it anew keeps comments, but not how lists are indented or texts are
quoted. Here ruamel.yaml only says where things stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from target_w50.errors import SettingsError

STEP = 2
NULL_TAG = "tag:yaml.org,2002:null"


@dataclass
class YamlText:
    """A YAML file's text with changes to come.

    Args:
        name: of the file, for messages.
        text: all of it.

    Raises:
        SettingsError: it is not YAML.
    """

    name: str
    text: str
    _changes: list[tuple[int, int, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._end = "\r\n" if "\r\n" in self.text else "\n"
        self.lines = self.text.splitlines()
        try:
            self.root: Node | None = YAML(typ="safe", pure=True).compose(self.text)
        except YAMLError:
            raise SettingsError(f"{self.name} is not YAML.") from None

    def member(self, node: Node | None, key: str) -> tuple[Node, Node] | None:
        """A mapping's key and value, as they stand in the text."""
        if not isinstance(node, MappingNode):
            return None
        return next(((name, value) for name, value in node.value if name.value == key), None)

    def value(self, node: Node | None, *keys: str) -> Node | None:
        """What stands where the keys lead."""
        for key in keys:
            found = self.member(node, key)
            node = None if found is None else found[1]
        return node

    def put_member(self, node: MappingNode, key: str, below: Sequence[str]) -> None:
        """Set a key of a mapping: its lines, of which the first has the key, without their indentation."""
        self.require_block(node)
        column = node.value[0][0].start_mark.column
        found = self.member(node, key)
        if found is None:
            self._insert(last_line(node) + 1, below, column)
            return
        at = found[0].start_mark
        begins, ends, last = self.lines[at.line][: at.column], "", last_line(found[1], found[0])
        if len(below) == 1 and last == at.line and isinstance(found[1], ScalarNode):
            ends = self.lines[last][max(found[0].end_mark.column + 1, found[1].end_mark.column) :]
        lines = [begins + below[0] + ends, *(" " * column + line for line in below[1:])]
        self._changes.append((at.line, last + 1, lines))

    def add_items(self, node: SequenceNode, items: Sequence[str]) -> None:
        """Add lines to a list; those that begin an item have their dash."""
        self.require_block(node)
        self._insert(last_line(node) + 1, items, node.start_mark.column)

    def replace_item(self, node: SequenceNode, number: int, item: Sequence[str]) -> None:
        """Put other lines in the place of one item of a list."""
        self.require_block(node)
        old, column = node.value[number], node.start_mark.column
        lines = [(" " * column + line).rstrip() for line in item]
        self._changes.append((old.start_mark.line, last_line(old) + 1, lines))

    def add_below(self, lines: Sequence[str]) -> None:
        """Add lines at the end of the file."""
        self._insert(len(self.lines), lines, 0)

    def require_block(self, node: Node) -> None:
        """See that a list or object is written in lines of its own.

        Raises:
            SettingsError: it stands in brackets.
        """
        if isinstance(node, CollectionNode) and node.flow_style:
            raise SettingsError(
                f"{self.name}, line {node.start_mark.line + 1}: what stands there in brackets can't be added "
                "to. Write it in lines of its own, or have `--print` show what belongs there.",
                code="output_unwritable",
            )

    def _insert(self, at: int, lines: Sequence[str], column: int) -> None:
        self._changes.append((at, at, [(" " * column + line).rstrip() for line in lines]))

    def changed(self) -> str:
        """The text with all changes."""
        lines = list(self.lines)
        for start, end, new in sorted(self._changes, key=lambda change: change[0], reverse=True):
            lines[start:end] = new
        return self._end.join([*lines, ""])


def is_empty(node: Node | None) -> bool:
    """Whether nothing stands there: null, `[]` or `{}`."""
    if node is None:
        return True
    return node.tag == NULL_TAG if isinstance(node, ScalarNode) else not node.value


def last_line(node: Node, key: Node | None = None) -> int:
    """The last line that a value stands on; lines count from 0.

    Args:
        node: the value.
        key: what it is the value of: where that has none, the value begins wherever the text goes on.
    """
    if key is not None and isinstance(node, ScalarNode) and not node.value and node.tag == NULL_TAG:
        return int(key.end_mark.line)
    if isinstance(node, CollectionNode) and node.value and not node.flow_style:
        last: Any = node.value[-1]
        below = last_line(last[1], last[0]) if isinstance(node, MappingNode) else last_line(last)
        return max(int(node.start_mark.line), below)
    start, end = node.start_mark, node.end_mark
    line = int(end.line)
    return line - 1 if end.column == 0 and line > start.line else line  # a text in lines of its own


def loaded(name: str, text: str) -> Any:
    """What the text says.

    Raises:
        SettingsError: it is not YAML.
    """
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        raise SettingsError(f"{name} is not YAML.") from None
