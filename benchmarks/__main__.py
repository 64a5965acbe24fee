"""`make bench`: target-w50 beside its references, over the same input and against the same sandbox."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.changed import measure_changed
from benchmarks.contacts import STREAM, input_file
from benchmarks.far_away import measure_far_away
from benchmarks.importing import Importing, measure_importing
from benchmarks.overlap import measure_overlap
from benchmarks.remembering import measure_remembering
from benchmarks.report import PLAIN, Results
from benchmarks.rounds import Bench
from benchmarks.sandbox import bench_sandbox
from benchmarks.starting import measure_starts
from benchmarks.subjects import JSONL_PROGRAM, Subject, bare_loop, sdk_default, target_jsonl, target_w50
from benchmarks.ways import measure_ways

FOLDER = Path("output/bench")
SLOW_FROM = 500_000
"""From so many records on, programs that take minutes take part in one round only."""

CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "stream map": (
        {"stream_maps": {STREAM: {"full_name": "first_name + ' ' + last_name", "phone": "__NULL__"}}},
        False,
    ),
    "flattening": ({"flattening_enabled": True, "flattening_max_depth": 2}, True),
    "as XML (the SDK's: JSON)": ({"media_type": "application/xml"}, False),
}
"""Settings that change records or how they are sent, and whether their input has an object to flatten."""


def main() -> None:
    """Measure and report."""
    options = _options()
    results = Results()
    only = [
        options.only_ways is not None,
        options.only_far_away,
        options.only_import,
        options.only_changed,
    ]
    if not any(only):
        _measure(options, results)
    if options.only_ways is not None or not any(only):
        results.costs = measure_ways(
            _folder(), options.rounds, options.only_ways or [], share=options.ways_share
        )
    if options.only_import:
        with bench_sandbox(_folder()) as sandbox:
            results.importings.append(_importing(options, Bench(sandbox, FOLDER)))
    if options.only_far_away:
        results.far_away = measure_far_away(
            _folder(), uploads=options.far_uploads, batch_rows=options.far_rows
        )
    if options.changed_records and (options.only_changed or not any(only)):
        results.compared = measure_changed(
            _folder(), options.changed_records, options.stores, options.changed_rounds
        )
    results.write(sys.stdout)
    options.json.write_text(json.dumps(results.as_json(), indent=2) + "\n")
    sys.stdout.write(f"\nAll figures: {options.json}\n")


def _measure(options: argparse.Namespace, results: Results) -> None:
    with bench_sandbox(_folder()) as sandbox:
        bench = Bench(sandbox, FOLDER)
        subjects: list[Subject] = [target_w50(), bare_loop(), sdk_default()]
        if JSONL_PROGRAM.exists():
            subjects.append(target_jsonl())
        else:
            sys.stderr.write(f"{JSONL_PROGRAM} is not there, so target-jsonl is left out: see `make bench`\n")
        for size in options.sizes:
            slow_rounds = 1 if size >= SLOW_FROM else options.rounds
            results.series[PLAIN, size] = bench.measure(
                subjects, input_file(FOLDER, size), size, rounds=options.rounds, slow_rounds=slow_rounds
            )
        bench.check_same_bytes(subjects[0], subjects[1])
        for kind, (settings, nested) in CHANGES.items():
            size = options.changed_size
            results.series[kind, size] = bench.measure(
                [target_w50(**settings), sdk_default(**settings)],
                input_file(FOLDER, size, nested=nested),
                size,
                rounds=options.rounds,
                slow_rounds=options.rounds,
            )
        results.rememberings = measure_remembering(
            bench, FOLDER, records=options.changed_size, pairs=options.pairs
        )
        results.importings.append(_importing(options, bench))
    if not options.no_overlap:
        results.overlaps = measure_overlap(
            FOLDER, uploads_per_job=3, jobs=options.overlap_jobs, batch_rows=options.overlap_rows
        )
        results.far_away = measure_far_away(FOLDER, uploads=options.far_uploads, batch_rows=options.far_rows)
    results.starts = measure_starts(FOLDER, rounds=3 * options.rounds)


def _importing(options: argparse.Namespace, bench: Bench) -> Importing:
    return measure_importing(bench, FOLDER, records=options.sizes[-1], pairs=options.rounds)


def _folder() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: sorted(int(each) for each in text.replace("_", "").split(",")),
        help="records of the inputs, with commas between them (default: 10000,100000,1000000)",
    )
    parser.add_argument("--rounds", type=int, help="how often each program runs (default: 3)")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: for a first look")
    parser.add_argument("--no-overlap", action="store_true", help="leave the slow sandbox out")
    parser.add_argument(
        "--changed-records",
        type=int,
        help="records of the runs that find out what has changed, 0 for none (default: 1000000)",
    )
    parser.add_argument(
        "--stores",
        type=lambda text: sorted(int(each) for each in text.replace("_", "").split(",")),
        help="how many contacts their journals know, with commas between them (default: 1000000,10000000)",
    )
    parser.add_argument(
        "--only-import", action="store_true", help="only `w50 import` of CSV beside Singer lines"
    )
    parser.add_argument(
        "--only-changed", action="store_true", help="only the runs that find out what has changed"
    )
    parser.add_argument(
        "--only-ways",
        nargs="*",
        metavar="WORD",
        help="only what each further record costs, of the kinds of input whose name holds one of these words",
    )
    parser.add_argument(
        "--far-rows",
        type=int,
        help="contacts in each of the hundred uploads to a W50 far away (default: 1000)",
    )
    parser.add_argument("--only-far-away", action="store_true", help="only the runs to a W50 far away")
    parser.add_argument("--json", type=Path, default=FOLDER / "bench.json", help="where all figures go")
    options = parser.parse_args()
    quick = options.quick
    options.sizes = options.sizes or ([10_000, 50_000] if quick else [10_000, 100_000, 1_000_000])
    options.rounds = options.rounds or (1 if quick else 3)
    options.pairs = 3 if quick else 20
    options.changed_size = 20_000 if quick else 100_000
    if options.changed_records is None:
        options.changed_records = 50_000 if quick else 1_000_000
    options.stores = options.stores or ([50_000, 200_000] if quick else [1_000_000, 10_000_000])
    options.changed_rounds = options.rounds
    options.ways_share = 0.2 if quick else 1
    options.overlap_jobs = 3 if quick else 10
    options.far_uploads = 20 if quick else 100
    options.far_rows = options.far_rows or 1_000
    options.overlap_rows = 1_000 if quick else 10_000
    return options


if __name__ == "__main__":
    main()
