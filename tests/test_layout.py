"""The shape of the repository, held by machine."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "consul_sniff"
MODULES = sorted(p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if p.name not in ("__init__.py", "__main__.py"))
HOT = {"screen"}  # the hot modules of the screen may be longer (design: 500 lines, 80 a function), nothing else may
NO_TEST = {
    "model.py": "types without behaviour",
    "report.py": "types without behaviour",
    "limits.py": "constants; tested where they are used",
    "event.py": "types without behaviour",
    "errors.py": "exceptions without behaviour; their texts are tested where they are raised",
    "screen/_cython.py": "a stand-in that the uncompiled screen's tests use throughout",
    "decoders/tls_suites.py": "a table of IANA names, used by tls_handshake's tests",
}


def test_every_module_has_its_test_file():
    missing = [str(m) for m in MODULES if str(m) not in NO_TEST and not (ROOT / "tests" / m.parent / f"test_{m.name}").exists()]
    assert missing == []


def test_every_test_file_has_its_module():
    about_the_whole = {"test_layout.py", "test_golden.py", "test_captures.py", "test_labelled.py", "test_false_positives.py", "test_package.py", "test_readme.py", "test_real_consul.py", "test_signature_pcaps.py"}
    tests = [p.relative_to(ROOT / "tests") for p in (ROOT / "tests").rglob("test_*.py") if p.parent.name != "deploy"]
    orphans = [str(t) for t in tests if t.name not in about_the_whole and not (PACKAGE / t.parent / t.name.removeprefix("test_")).exists()
               and t.name != f"test_{t.parent.name}.py"]
    assert orphans == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_and_functions_stay_short(module):
    hot = module.parts[0] in HOT
    source = (PACKAGE / module).read_text()
    lines = len(source.splitlines())
    assert lines <= (520 if hot else 320), f"{module} has {lines} lines: split it by meaning"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= (90 if hot else 48), f"{module}: {node.name} has {length} lines"


def test_signatures_are_data():
    assert not list((ROOT / "signatures").rglob("*.py"))


def test_nothing_below_the_command_line_prints_or_reads_a_clock():
    for module in MODULES:
        if module.parts[0] == "cli":
            continue
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", module
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("time", "time"), ("datetime", "now"), ("time", "monotonic")}, module
