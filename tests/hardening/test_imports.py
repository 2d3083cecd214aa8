import importlib
import os
import sys
from pathlib import Path

from consul_sniff.hardening import imports


def test_the_roots_hold_the_library_the_packages_and_this_one():
    import json

    import yaml

    import consul_sniff

    roots = imports.roots()
    assert len(roots) == len(set(roots))
    for module in (json, yaml, consul_sniff):
        assert any(Path(module.__file__).is_relative_to(root) for root in roots), module


def test_the_scripts_folder_and_the_current_one_are_not_among_them(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path), "", *sys.path[1:]])
    assert tmp_path not in imports.roots()
    assert Path.cwd() not in imports.roots() or str(Path.cwd()) in sys.path


def test_a_module_behind_a_closed_folder_is_found_by_descriptor(tmp_path, monkeypatch):
    site = tmp_path / "closed" / "site"
    (site / "behind_package").mkdir(parents=True)
    (site / "behind_package" / "__init__.py").write_text("")
    (site / "behind_package" / "late.py").write_text("value = 7")
    descriptor = os.open(site, os.O_PATH)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    package = importlib.import_module("behind_package")
    monkeypatch.setattr(package, "__path__", [str(site / "behind_package")])
    moved = tmp_path / "moved"  # as good as closed: the path leads nowhere any more, the descriptor does
    (tmp_path / "closed").rename(moved)
    importlib.invalidate_caches()
    finder = imports.Reached([(str(site), descriptor)])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    try:
        assert importlib.import_module("behind_package.late").value == 7
    finally:
        for name in ("behind_package", "behind_package.late"):
            sys.modules.pop(name, None)
        os.close(descriptor)


def test_the_deepest_folder_leads_and_names_that_only_begin_alike_do_not():
    finder = imports.Reached([("/a", 3), ("/a/b", 4)])
    assert finder.by_descriptor("/a/b/c") == "/proc/self/fd/4/c"
    assert finder.by_descriptor("/a/b") == "/proc/self/fd/4"
    assert finder.by_descriptor("/a/bc") == "/proc/self/fd/3/bc"
    assert finder.by_descriptor("/ab") == ""
    assert finder.find_spec("no_such_module_here", ["/elsewhere"]) is None


def test_what_can_be_read_where_it_stands_needs_nothing(tmp_path):
    before = list(sys.meta_path)
    assert imports.keep_reachable([(tmp_path, -1)]) == (set(), "from where they are installed", True)
    assert sys.meta_path == before


def test_what_cannot_be_read_at_all_is_named(tmp_path):
    kept, words, whole = imports.keep_reachable([(tmp_path / "gone", -1)])
    assert (kept, whole) == (set(), False)
    assert words == f"{tmp_path / 'gone'}: closed to this user; what was not loaded before cannot be"
