import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from consul_sniff import attribution, decoders
from consul_sniff.screen import MODULES, compiled
from consul_sniff.uncompiled import SHARED

ASKED = """
import sys
from consul_sniff.screen import MODULES
from consul_sniff import attribution, decoders
from consul_sniff.decoders.memberlist import Memberlist
hot = [f"consul_sniff.screen.{name}" for name in MODULES]
hot += [f"{stage.__name__}.{name}" for stage in (attribution, decoders) for name in stage.COMPILED]
print({sys.modules[name].__file__.endswith(".py") for name in hot})
"""

REPORTS = """
import sys
import consul_sniff
from consul_sniff.cli.screens import look
from consul_sniff.reporters import renderer
from consul_sniff.screen import MODULES, compiled
print(compiled)
for name in sys.argv[1:]:
    print("".join(renderer("json")(consul_sniff.analyze([name]), consul_sniff.__version__, look())))
"""


def test_the_environment_forces_the_python_source_of_every_hot_module():
    ran = subprocess.run([sys.executable, "-c", ASKED], env={**os.environ, "CONSUL_SNIFF_UNCOMPILED": "1"},
                         capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "{True}"


def test_reports_of_all_that_ships_are_the_same_uncompiled(pcaps):
    if not compiled:
        pytest.skip("the screen is not compiled here")
    names = sorted(str(path) for path in pcaps.glob("*/*.pcap*"))
    assert len(names) > 40
    both = [subprocess.run([sys.executable, "-c", REPORTS, *names], env={**os.environ, "CONSUL_SNIFF_UNCOMPILED": value},
                           capture_output=True, text=True, check=True).stdout.split("\n", 1) for value in ("0", "1")]
    assert [it[0] for it in both] == ["True", "False"]
    assert both[0][1] == both[1][1]


def test_where_what_the_compiled_modules_share_was_not_built_all_run_uncompiled(pcaps, tmp_path):
    if not compiled:
        pytest.skip("the screen is not compiled here")
    root = Path(__file__).parent.parent
    shutil.copytree(root / "consul_sniff", tmp_path / "consul_sniff", ignore=shutil.ignore_patterns("_shared.*", "__pycache__", "*.c"))
    shutil.copytree(root / "signatures", tmp_path / "signatures")
    ran = subprocess.run([sys.executable, "-c", REPORTS, str(pcaps / "lab/plain-c1.pcap")], cwd=tmp_path,
                         env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("False\n{")


@pytest.mark.parametrize("stage", [attribution, decoders], ids=lambda stage: stage.__name__)
def test_every_hot_module_is_named_where_it_is_built_and_forced(stage):
    name = stage.__name__.rpartition(".")[2]
    root = Path(__file__).parent.parent
    assert {path.stem for path in (root / "consul_sniff" / name).glob("*.pxd")} == set(stage.COMPILED)
    assert f"{name.upper()} = {stage.COMPILED!r}".replace("'", '"') in (root / "setup.py").read_text()


def test_so_is_every_module_of_the_screen():
    root = Path(__file__).parent.parent
    assert {path.stem for path in (root / "consul_sniff/screen").glob("*.pxd")} == set(MODULES)
    [hot] = [node.value for node in ast.parse((root / "setup.py").read_text()).body
             if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HOT"]
    assert ast.literal_eval(hot) == MODULES


def test_what_they_share_is_built_under_the_name_that_is_looked_for():
    assert f'SHARED = "consul_sniff.{SHARED}"' in (Path(__file__).parent.parent / "setup.py").read_text()
