"""Modules that Cython can compile, run as the Python they are: asked for in the environment, or where compiling gave up."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

#: what the compiled modules have in common, a module of this package (setup.py): none of them runs without it
SHARED = "_shared"
#: CONSUL_SNIFF_UNCOMPILED=1 in the environment forces the uncompiled modules
WANTED = os.environ.get("CONSUL_SNIFF_UNCOMPILED") == "1" or not any(Path(__file__).with_name(SHARED + suffix).exists() for suffix in EXTENSION_SUFFIXES)


def load(package: str, modules: tuple[str, ...]) -> None:
    """Load the Python source of each module of a package, even where a compiled one lies beside it."""
    folder = Path(sys.modules[package].__file__ or "").parent
    for name in modules:
        full = f"{package}.{name}"
        spec = importlib.util.spec_from_file_location(full, folder / f"{name}.py")
        if spec is None or spec.loader is None:
            raise ImportError(full)
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
