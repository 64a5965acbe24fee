"""The charts of the report, drawn by pygal as SVG that is coloured by the page and needs no script."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

# pygal's finder of plugins, of which there are none, lacks what Python asks of a finder: every later import
# would warn.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]

SVG = "{http://www.w3.org/2000/svg}"
SIZES = ("wide", "narrow")
"""Each chart is drawn twice: a drawing for a desk made small can't be read on a phone."""
PIXELS = {("wide", True): (1080, 330), ("wide", False): (520, 280), ("narrow", True): (360, 290)}
PIXELS[("narrow", False)] = PIXELS[("narrow", True)]
LABEL_WIDTH_PX = 7.5
"""What a character of a label takes, a little more than it does in most fonts."""

COLOURS = {"inserted": 1, "updated": 2, "rejected": 3, "invalid": 4}
"""The same thing has the same colour in every chart; what is not named has the first."""
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--ink)",
    foreground_strong="var(--ink)",
    foreground_subtle="var(--soft)",
    guide_stroke_color="var(--line)",
    major_guide_stroke_color="var(--line)",
    guide_stroke_dasharray="none",
    major_guide_stroke_dasharray="none",
    font_family="inherit",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    opacity=1,
    opacity_hover=1,
    transition="0s",
)


@dataclass(frozen=True)
class Chart:
    """A chart with all that makes it readable without seeing it.

    Attributes:
        key: tells it from the page's other charts; a word.
        title: what it shows.
        words: what there is to see, in a sentence or two.
        labels: what stands below each bar or point.
        series: name to a value for each label.
        of_what: what a label names.
        stacked: whether the series add up to something; else their bars stand side by side.
        full_width: whether it takes the page's whole width.
    """

    key: str
    title: str
    words: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    of_what: str
    value_format: Callable[[float], str]
    stacked: bool = False
    full_width: bool = False

    def rows(self) -> list[list[str]]:
        """The chart as a table: a row for each label."""
        values = [list(each) for each in self.series.values()]
        return [
            [label, *(self.value_format(each[index]) for each in values)]
            for index, label in enumerate(self.labels)
        ]

    def svg(self, size: str) -> str:
        """The chart as an SVG element, `wide` or `narrow`.

        Its title and description are for whoever can't see it; the table beside it has the figures.
        """
        tree = self._drawn(size).render_tree()
        for parent in list(tree.iter()):
            for child in list(parent):
                # pygal's script, its comments and what only its script would show.
                if not isinstance(child.tag, str) or child.tag.removeprefix(SVG) in (
                    "script",
                    "desc",
                    "title",
                ):
                    parent.remove(child)
                # Of its script as well, and not unique in the page.
                child.attrib.pop("id", None)
        name = f"{self.key}-{size}"
        title, words = (
            ET.Element(f"{SVG}title", id=f"{name}-title"),
            ET.Element(f"{SVG}desc", id=f"{name}-desc"),
        )
        title.text, words.text = self.title, self.words
        tree.insert(0, words)
        tree.insert(0, title)
        tree.set("role", "img")
        tree.set("aria-labelledby", f"{name}-title {name}-desc")
        tree.set("class", f"pygal-chart {size}")
        ET.register_namespace("", SVG.strip("{}"))
        return ET.tostring(tree, encoding="unicode")

    def _colours(self) -> tuple[str, ...]:
        return tuple(f"var(--series-{COLOURS.get(name, 1)})" for name in self.series)

    def _drawn(self, size: str) -> pygal.graph.graph.Graph:
        width, height = PIXELS[size, self.full_width]
        # As many labels as there is room for, lying down; the table has them all.
        room = (width - 80) / (LABEL_WIDTH_PX * max(map(len, self.labels)))
        kind = pygal.StackedBar if self.stacked else pygal.Bar
        drawn = kind(
            style=Style(**{**vars(STYLE), "colors": self._colours()}),
            js=[],
            width=width,
            height=height,
            legend_at_bottom=True,
            legend_at_bottom_columns=len(self.series),
            truncate_legend=-1,
            truncate_label=-1,
            show_legend=len(self.series) > 1,
            show_minor_x_labels=False,
            x_labels_major_every=max(1, math.ceil(len(self.labels) / max(room, 1))),
            max_scale=6,
            margin=8,
            include_x_axis=True,
            value_formatter=self.value_format,
        )
        # Otherwise a new one each time: the same metrics give the same page.
        drawn.uuid = f"{self.key}-{size}"
        drawn.x_labels = list(self.labels)
        for name, values in self.series.items():
            drawn.add(name, list(values))
        return drawn
