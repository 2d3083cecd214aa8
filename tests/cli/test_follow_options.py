"""The options of ``analyze --follow``, and what cannot be meant together."""

import pytest


@pytest.mark.parametrize(("words", "said"), [
    (["a.pcap", "--state", "s"], "--state is for captures that are still written: add --follow"),
    (["a.pcap", "--duration", "1s"], "--duration is for captures"),
    (["-F", "-"], "--follow -: only files and folders can be followed; a stream ends by itself (consul-sniff live -r -)"),
    (["-F", "https://x/a.pcap"], "only files and folders can be followed"),
    (["-F", "a.pcap", "--jobs", "2"], "--follow reads in one process"),
    (["-F", "a.pcap", "--report-every", "1s"], "--report-every needs --output FILE"),
    (["-F", "a.pcap", "--format", "yaml"], "--format 'yaml' is unknown; take one of ndjson, text, json"),
    (["a.pcap", "--format", "ndjson"], "--format 'ndjson' is unknown; take one of text, json"),
    (["a.pcap", "--until", "fail"], "--until 'fail' is no time"),
])
def test_wrong_words(run, words, said):
    done = run("analyze", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
