import re

import consul_sniff
from consul_sniff.cli.exits import EXIT_CODES


def test_help_names_every_verb_and_exit_code(run):
    done = run("--help")
    text = done.stdout.decode()
    assert done.returncode == 0
    for verb in ("analyze", "decode", "explain", "schema", "signatures"):
        assert re.search(rf"^  {verb} ", text, re.MULTILINE)
    for code in EXIT_CODES:
        assert re.search(rf"^ +{code} ", text, re.MULTILINE)


def test_no_words_is_help_not_an_error_with_a_trace(run):
    done = run()
    assert b"Usage:" in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


def test_version(run):
    assert run("--version").stdout.decode() == f"consul-sniff {consul_sniff.__version__}\n"


def test_an_unknown_verb_is_wrong_usage(run):
    done = run("analyse", "x.pcap")
    assert done.returncode == 2
    assert b"analyse" in done.stderr


def test_help_imports_nothing_heavy(run):
    """Half of a small run is start-up: what a verb does not use it does not import."""
    import subprocess
    import sys

    code = ("import sys; sys.argv = ['consul-sniff', '--version']\n"
            "from consul_sniff.cli.app import run\n"
            "try: run()\nexcept SystemExit: pass\n"
            "print(sorted(set(sys.modules) & {'scapy', 'cryptography', 'pydantic', 'dpkt', 'numpy', 'yaml', 'cypcap', 'hpack',"
            " 'consul_sniff.pipeline', 'rich.console'}))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
