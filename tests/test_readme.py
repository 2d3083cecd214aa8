"""What the README shows is what the program does."""

import os
import re
import subprocess
import sys
from pathlib import Path

from consul_sniff.cli.exits import EXIT_CODES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def parts():
    """The parts of a real report that the README shows: verdict and fails, nodes, the gossip finding and its remedy."""
    done = subprocess.run([sys.executable, "-m", "consul_sniff", "analyze", "pcaps/lab/rollout-c1.pcap"], cwd=ROOT,
                          capture_output=True, text=True, env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}, timeout=60, check=False)
    lines = done.stdout.splitlines()

    def first(sign, start=0):
        return next(i for i in range(start, len(lines)) if sign(lines[i]))

    verdict, open_ = first(lambda line: line.startswith("FAIL")), first(lambda line: line.startswith("????"))
    nodes = first(lambda line: line.startswith("Node "))
    gossip = first(lambda line: "LAN gossip in plaintext" in line)
    remedy = first(lambda line: "Do:" in line, gossip)
    cuts = [(verdict, open_), (nodes, lines.index("", nodes)), (gossip, gossip + 5), (remedy, lines.index("", remedy))]
    return ["\n".join(lines[start:end]) for start, end in cuts]


def test_the_screen_is_a_real_one(request):
    """``pytest --update-golden`` writes it anew."""
    screen = "\n...\n".join(parts()) + "\n"
    if request.config.getoption("--update-golden"):
        path = ROOT / "README.md"
        path.write_text(path.read_text().replace(blocks("text")[0], screen))
        return
    assert blocks("text") == [screen]


def test_the_exit_codes_are_the_programs():
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in README


def test_the_commands_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_library_example_runs(tmp_path, monkeypatch, capsys):
    (code,) = blocks("python")
    keys = tmp_path / "gossip.keys"
    keys.write_text((ROOT / "pcaps/memberlist/key-rotation.keyring").read_text())
    keys.chmod(0o600)
    (tmp_path / "capture.pcap").write_bytes((ROOT / "pcaps/memberlist/key-rotation.pcap").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "gossip-encryption pass" in capsys.readouterr().out
