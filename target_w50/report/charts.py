"""The charts of the report, drawn by pygal as SVG that is coloured by the page and needs no script."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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
PIXELS = {("wide", True): (1080, 290), ("wide", False): (520, 220), ("narrow", True): (360, 250)}
PIXELS[("narrow", False)] = PIXELS[("narrow", True)]
FEWEST_PLACES = 12
"""Few runs are drawn as if there were so many, so that a bar is a bar."""
LABEL_WIDTH_PX = 7.5
"""What a character of a label takes, a little more than it does in most fonts."""

COLOURS = {"inserted": 1, "updated": 2, "rejected": 3, "seconds": 4}
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
        failed: places among the labels that get the mark of a run that failed.
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
    failed: frozenset[int] = frozenset()

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
        self._name_bars(tree)
        self._mark_failed(tree)
        for parent in list(tree.iter()):
            for child in list(parent):
                # pygal's script, its comments and what only its script would show.
                kind = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else "comment"
                if kind in ("script", "desc", "title", "comment") and child.attrib.pop("class", "") != "kept":
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

    def _name_bars(self, tree: ET.Element) -> None:
        """Have each bar say what it stands for to whoever points at it."""
        for name, group in zip(self.series, _found(tree, "bars"), strict=True):
            # Places behind the last label are empty.
            bars = zip(self.labels, self.series[name], _found(group, "bar"), strict=False)
            for label, value, bar in bars:
                text = f"{label}: {self.value_format(value)} {name}"
                ET.SubElement(bar, f"{SVG}title", {"class": "kept"}).text = text

    def _mark_failed(self, tree: ET.Element) -> None:
        """Put a band and a cross where a run failed: it must not look like a run with nothing to do."""
        plot = next(_found(tree, "plot"))
        bars = [bar.find("{*}rect") for bar in _found(next(_found(plot, "bars")), "bar")]
        height = plot.find("{*}rect").get("height")  # type: ignore[union-attr]  # pygal draws it always
        for index in sorted(self.failed):
            bar = bars[index]
            if bar is None:
                continue
            left, width = float(bar.get("x", 0)), float(bar.get("width", 0))
            band = {"x": f"{left:.1f}", "y": "0", "width": f"{width:.1f}", "height": str(height)}
            plot.insert(1, ET.Element(f"{SVG}rect", {"class": "failed-band", **band}))
            middle, arm = left + width / 2, min(4.0, width / 4)
            mark = ET.SubElement(plot, f"{SVG}g", {"class": "failed-mark"})
            ET.SubElement(mark, f"{SVG}circle", cx=f"{middle:.1f}", cy="10", r=f"{2 * arm:.1f}")
            cross = f"M{middle - arm:.1f} {10 - arm:.1f}l{2 * arm:.1f} {2 * arm:.1f}m0 {-2 * arm:.1f}"
            ET.SubElement(mark, f"{SVG}path", d=f"{cross}l{-2 * arm:.1f} {2 * arm:.1f}")
            ET.SubElement(
                mark, f"{SVG}title", {"class": "kept"}
            ).text = f"{self.labels[index]}: did not end well"

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
            truncate_label=-1,
            show_legend=False,
            show_minor_x_labels=False,
            x_labels_major_every=max(1, math.ceil(max(len(self.labels), FEWEST_PLACES) / max(room, 1))),
            max_scale=5,
            margin=8,
            include_x_axis=True,
            value_formatter=self.value_format,
        )
        # Otherwise a new one each time: the same metrics give the same page.
        drawn.uuid = f"{self.key}-{size}"
        empty = max(0, FEWEST_PLACES - len(self.labels))
        drawn.x_labels = [*self.labels, *[""] * empty]
        for name, values in self.series.items():
            drawn.add(name, [*values, *[None] * empty])
        return drawn


def _found(tree: ET.Element, name: str) -> Iterator[ET.Element]:
    """The elements of pygal's with that class, in their order."""
    return (each for each in tree.iter() if name in (each.get("class") or "").split())
