import os
import subprocess
import sys
from pathlib import Path

ASKED = """
import sys
from consul_sniff.screen import MODULES
from consul_sniff.decoders import COMPILED
from consul_sniff.decoders.memberlist import Memberlist
hot = [f"consul_sniff.screen.{name}" for name in MODULES] + [f"consul_sniff.decoders.{name}" for name in COMPILED]
print({sys.modules[name].__file__.endswith(".py") for name in hot})
"""


def test_the_environment_forces_the_python_source_of_every_hot_module():
    ran = subprocess.run([sys.executable, "-c", ASKED], env={**os.environ, "CONSUL_SNIFF_UNCOMPILED": "1"},
                         capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "{True}"


def test_every_hot_decoder_is_named_where_it_is_built_and_forced():
    from consul_sniff.decoders import COMPILED

    root = Path(__file__).parent.parent
    assert {path.stem for path in (root / "consul_sniff" / "decoders").glob("*.pxd")} == set(COMPILED)
    assert f"DECODERS = {COMPILED!r}".replace("'", '"') in (root / "setup.py").read_text()
