"""Imports the SDK without the libraries that a target's run never calls, which take longer than the run.

The SDK's package imports its taps (with REST, GraphQL and their libraries), and its modules import a pool of
processes, file systems at URLs and a reader of version numbers, each for one function. All of them stay where
they are and do what they do: they are imported when they are first used, not when the program starts.

Two things are put off, both for the programs alone; whoever imports `target_w50.target` in a process of their
own has the SDK as it is:

- what the file of the package `singer_sdk` does, until a name is asked for that is none of its modules;
- the names below, which modules of the SDK import and only ever call. Each is replaced, in those modules, by
  a function that imports the real one and calls it.

That they are called and nothing else is held by tests/singer/test_lean_sdk.py.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

CALLED_LATER = {
    "importlib_metadata": ("entry_points",),
    "joblib": ("Parallel", "delayed", "parallel_config"),
    "packaging.specifiers": ("SpecifierSet",),
    "packaging.version": ("Version",),
    "upath": ("UPath",),
}
"""Modules of which the SDK imports names that it only calls, and seldom: for `--about`, to drain sinks of its
own kind, for batch files of its own kind."""

HAS_THEM = "singer_sdk.target_base"
"""Imports, with all that it imports, the modules that call them."""


def import_lean() -> None:
    """Import the SDK's target; to be called before anything else of the SDK is imported."""
    if "singer_sdk" in sys.modules:
        return
    _put_off("singer_sdk")
    with _called_later():
        importlib.import_module(HAS_THEM)


def _put_off(name: str) -> None:
    """Have a package there whose own file is executed once it is needed."""
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        return  # Whoever imports it is told.
    package, loader = module_from_spec(spec), spec.loader
    lock, begun = threading.RLock(), False

    def missing(attribute: str) -> Any:
        nonlocal begun
        if attribute.startswith("__") and attribute != "__all__":
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        if find_spec(f"{name}.{attribute}") is not None:
            return importlib.import_module(f"{name}.{attribute}")
        with lock:
            if not begun:
                begun = True
                loader.exec_module(package)
        found = vars(package)
        if attribute in found:
            return found[attribute]
        # The package's own, which took this one's place.
        if found.get("__getattr__", missing) is not missing:
            return found["__getattr__"](attribute)
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    vars(package)["__getattr__"] = missing
    sys.modules[name] = package


@contextmanager
def _called_later() -> Iterator[None]:
    """Give those who import meanwhile what calls the real ones later."""
    stand_ins = {
        name: _stand_in(name, names) for name, names in CALLED_LATER.items() if name not in sys.modules
    }
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        # Nobody else finds them: from now on these names mean the libraries.
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _stand_in(name: str, names: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name)
    for each in names:
        setattr(module, each, _caller(name, each))

    def other(attribute: str) -> Any:
        """A name that is not put off: the real one, at once."""
        if attribute.startswith("__"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    vars(module)["__getattr__"] = other
    return module


def _caller(name: str, attribute: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(name), attribute)(*args, **kwargs)

    return call
