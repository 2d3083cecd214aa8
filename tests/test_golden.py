"""Every capture under pcaps/ gives the report that is kept for it. ``pytest --update-golden`` writes them anew."""

import json
from pathlib import Path

import pytest

import consul_sniff
from consul_sniff.reporters.json_v1 import document
from consul_sniff.reporters.look import Look
from consul_sniff.reporters.terminal import render

PCAPS = Path(__file__).parent.parent / "pcaps"
GOLDEN = Path(__file__).parent / "golden"
CAPTURES = sorted(PCAPS.rglob("*.pcap*"))


def name(capture):
    return f"{capture.parent.name}/{capture.stem}"


def made(capture, tmp_path):
    keyring = capture.with_suffix(".keyring")
    options = {}
    if keyring.exists():
        private = tmp_path / "keyring"  # git keeps no modes: a keyring that others can read is refused
        private.write_text(keyring.read_text())
        private.chmod(0o600)
        options["keyring"] = private
    report = consul_sniff.analyze([capture], **options)
    for one in report.inputs:
        one.path = f"{name(capture)}{capture.suffix}"
    return report


@pytest.mark.parametrize("capture", CAPTURES, ids=name)
def test_the_report_is_the_golden_one(capture, tmp_path, request):
    report = made(capture, tmp_path)
    data = json.dumps(document(report, "0"), indent=1, ensure_ascii=False) + "\n"
    text = render(report, "0", Look(100))
    for kind, got in (("json", data), ("txt", text)):
        golden = GOLDEN / f"{name(capture)}.{kind}"
        if request.config.getoption("--update-golden"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(got)
        assert golden.exists(), "no golden report: look at it, then pytest --update-golden"
        assert got == golden.read_text()


def test_no_golden_is_without_its_capture():
    kept = {str(p.relative_to(GOLDEN).with_suffix("")) for p in GOLDEN.rglob("*.*")}
    assert kept == {name(capture) for capture in CAPTURES}
