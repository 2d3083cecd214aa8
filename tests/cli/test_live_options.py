"""What the words of ``live`` mean."""

from pathlib import Path

import pytest

from consul_sniff.cli.live_options import LARGEST, Choices, address, chosen_format, held_together, seconds, size
from consul_sniff.errors import UsageError

CHOICES = Choices((), False, 0.0, 0, False, 0.0, 1, "text", None, "nobody", False)


@pytest.mark.parametrize(("text", "value"), [(None, 0), ("90", 90), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("1d", 86_400), ("200ms", 0.2)])
def test_time_spans(text, value):
    assert seconds("--duration", text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "0s", "s", "-1", "1 h", "1w", "1e3", "\u0661s"[1:]])
def test_no_time_spans(text):
    with pytest.raises(UsageError, match=r"--duration .* is no time span; write 90, 30s, 10m or 1h"):
        seconds("--duration", text)


@pytest.mark.parametrize(("text", "value"), [("65536", 65_536), ("64K", 65_536), ("32M", 32 << 20), ("1GiB", 1 << 30), ("2047mb", 2047 << 20)])
def test_sizes(text, value):
    assert size("--buffer-size", text) == value <= LARGEST


@pytest.mark.parametrize("text", ["", "M", "1", "63K", "2G", "-1M", "1T"])
def test_no_sizes(text):
    with pytest.raises(UsageError, match=r"--buffer-size .*: write a size from 64K to 2047M"):
        size("--buffer-size", text)


@pytest.mark.parametrize(("text", "where"), [
    (":9469", ("127.0.0.1", 9469)), ("9469", ("127.0.0.1", 9469)), ("0.0.0.0:9469", ("0.0.0.0", 9469)), ("[::1]:80", ("::1", 80)),
    ("fd00::7:9469", ("fd00::7", 9469)), ("node.example:0", ("node.example", 0)),
])
def test_where_to_listen(text, where):
    assert address("--metrics", text) == where


@pytest.mark.parametrize("text", ["", ":", "localhost", "localhost:", ":65536", ":-1", ":http", "http://localhost:9469/", ":\u0669"])
def test_nowhere_to_listen(text):
    with pytest.raises(UsageError, match=r"^--metrics '.*': write \[HOST\]:PORT, e\.g\. :9469, 10\.0\.0\.7:9469 or \[::1\]:9469$"):
        address("--metrics", text)


def test_the_format_that_is_meant():
    assert chosen_format(None, tty=True) == "text"
    assert chosen_format(None, tty=False) == "ndjson"
    assert chosen_format("json", tty=True) == "json"
    with pytest.raises(UsageError, match="'yaml' is unknown; take one of ndjson, "):
        chosen_format("yaml", tty=True)


def test_what_cannot_be_meant_together(tmp_path):
    assert held_together(CHOICES, None) is CHOICES
    stream = CHOICES._replace(stream=True)
    assert held_together(stream, "-") is stream
    for choices, read, said in [(stream, "x.pcap", "consul-sniff analyze"), (stream._replace(interfaces=("lo",)), "-", "one source"),
                                (CHOICES._replace(report_every=1.0), None, "needs --output"), (CHOICES._replace(output=tmp_path), None, "is a folder"),
                                (CHOICES._replace(output=Path("/")), None, "is a folder")]:
        with pytest.raises(UsageError, match=said):
            held_together(choices, read)
