"""The command lines that stand in unit, image and manifests are ones that the program takes."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


def command_lines():
    unit = (DEPLOY / "consul-sniff.service").read_text()
    options = re.search(r'^Environment="CONSUL_SNIFF_OPTIONS=(.*)"$', unit, re.MULTILINE)[1]
    yield "unit", re.search(r"^ExecStart=/usr/local/bin/consul-sniff (.*)$", unit, re.MULTILINE)[1].replace("$CONSUL_SNIFF_OPTIONS", options).split()
    for name in ("daemonset.yaml", "job.yaml"):
        for document in yaml.safe_load_all((DEPLOY / name).read_text()):
            for container in document.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
                yield name, container["args"]
    text = (DEPLOY / "README.md").read_text() + (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^(?:# )?docker run .*? consul-sniff(?::\S+)? (\S.*)$", text, re.MULTILINE):
        yield "docker run", shlex.split(line)


LINES = list(command_lines())


def test_they_were_found():
    assert {where for where, _ in LINES} == {"unit", "daemonset.yaml", "job.yaml", "docker run"}
    assert {words[0] for _, words in LINES} == {"live", "analyze"}


@pytest.mark.parametrize(("where", "words"), LINES, ids=[f"{where}-{words[0]}" for where, words in LINES])
def test_the_program_takes_them(where, words):
    import typer

    from consul_sniff.cli.app import app

    verbs = typer.main.get_command(app).commands
    if words[0] not in verbs:
        pytest.skip(f"consul-sniff {words[0]} is not there yet")
    verbs[words[0]].make_context(words[0], list(words[1:]))  # takes the words apart and runs nothing


def test_a_mistake_in_them_would_be_found():
    import typer

    from consul_sniff.cli.app import app

    with pytest.raises(Exception, match="no-such-option"):  # click's, or that of the click inside typer
        typer.main.get_command(app).commands["analyze"].make_context("analyze", ["x.pcap", "--no-such-option"])
