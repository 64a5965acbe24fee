"""The SDK without the libraries that a run never calls: they are there once they are used."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import singer_sdk

from target_w50.singer.lean_sdk import CALLED_LATER, import_lean

SDK = Path(singer_sdk.__file__).parent
PUT_OFF = {name for names in CALLED_LATER.values() for name in names}

SCRIPT = """
import json, sys
from target_w50.singer.lean_sdk import import_lean
import_lean()
import singer_sdk.about, singer_sdk.batch, singer_sdk.target_base as target_base
from singer_sdk.helpers._batch import StorageTarget
told = {"early": sorted(set(sys.modules) & set(sys.argv[1].split()))}
Parallel, delayed = target_base.Parallel, target_base.delayed
with target_base.parallel_config(backend="threading", n_jobs=1):
    told["joblib"] = Parallel()(delayed(abs)(number) for number in (-1, 2))
import joblib
told["delayed"] = joblib.delayed is not delayed and callable(joblib.Memory)
told["upath"] = StorageTarget.split_url("s3://bucket/key.jsonl")
told["packaging"] = list(singer_sdk.about.get_supported_pythons(">=3.10,<3.12"))
told["entry_points"] = singer_sdk.batch.entry_points(group="no such group") is not None
told["body"] = [singer_sdk.RESTStream.__name__, singer_sdk.streams.__name__, singer_sdk.Target.__name__]
told["all"] = set(singer_sdk.__all__) <= set(dir(singer_sdk))
try:
    singer_sdk.nothing
except AttributeError as error:
    told["unknown"] = str(error)
print(json.dumps(told))
"""


def test_what_is_put_off_is_there_once_it_is_used() -> None:
    """In the words of the real ones, and under their names for everybody else."""
    early = " ".join(
        [*CALLED_LATER, "asyncio", "fsspec", "requests", "singer_sdk.streams", "singer_sdk.tap_base"]
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, early], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "early": [],
        "joblib": [1, 2],
        "delayed": True,
        "upath": ["s3://bucket/", "key.jsonl"],
        "packaging": ["3.10", "3.11"],
        "entry_points": True,
        "body": ["RESTStream", "singer_sdk.streams", "Target"],
        "all": True,
        "unknown": "module 'singer_sdk' has no attribute 'nothing'",
    }


def test_an_sdk_that_is_there_already_stays_as_it_is() -> None:
    before = sys.modules["singer_sdk"]
    import_lean()
    assert sys.modules["singer_sdk"] is before


def modules_with_them() -> Iterator[Path]:
    for path in sorted(SDK.rglob("*.py")):
        if any(name in path.read_text(encoding="utf-8") for name in CALLED_LATER):
            yield path


def is_annotation(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    while node in parents:
        above = parents[node]
        if isinstance(above, ast.FunctionDef) and node is above.returns:
            return True
        if isinstance(above, (ast.arg, ast.AnnAssign)) and node is above.annotation:
            return True
        node = above
    return False


@pytest.mark.parametrize("path", list(modules_with_them()), ids=lambda path: str(path.relative_to(SDK)))
def test_the_sdk_only_calls_what_is_put_off(path: Path) -> None:
    """What calls the real one later is no class: nothing may be derived from it or compared with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in CALLED_LATER:
            assert {alias.name for alias in node.names} <= set(CALLED_LATER[node.module])
            assert not any(alias.asname for alias in node.names)
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & set(CALLED_LATER)
        if isinstance(node, ast.Name) and node.id in PUT_OFF:
            above = parents[node]
            is_called = isinstance(above, ast.Call) and node is above.func
            assert is_called or is_annotation(node, parents), f"{path}:{node.lineno} {node.id}"
