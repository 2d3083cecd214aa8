from __future__ import annotations

import base64
import json
import pickle
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from consul_sniff.errors import KeyringError
from consul_sniff.keyring import Keyring

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [bytes(range(32)), bytes(range(16)), bytes(range(24))]
TEXTS = [base64.b64encode(key).decode() for key in KEYS]


def write(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "keyring"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "content",
    ["\n".join(TEXTS), "# rotated in May\n\n" + "\r\n".join(TEXTS) + "\n", json.dumps(TEXTS), "\n" + json.dumps(TEXTS, indent=2)],
)
def test_reads_lines_and_serfs_list(tmp_path: Path, content: str) -> None:
    keyring = Keyring.load(write(tmp_path, content))
    assert list(keyring.keys) == KEYS
    assert keyring.fingerprints == tuple("sha256:" + sha256(key).hexdigest()[:8] for key in KEYS)
    assert len(keyring) == 3


def test_a_key_given_twice_counts_once(tmp_path: Path) -> None:
    assert len(Keyring.load(write(tmp_path, f"{TEXTS[0]}\n{TEXTS[0]}\n"))) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_refuses_a_file_that_others_have_access_to(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, TEXTS[0], mode)
    with pytest.raises(KeyringError, match=f"{path}.*chmod 600"):
        Keyring.load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no key in it"),
        ("# only words\n", "no key in it"),
        (f"{TEXTS[0]}\nnot base64, SECRET\n", ":2: this is no base64"),
        (f"{TEXTS[0]}\n\nU0VDUkVU\n", ":3: the key has 6 bytes"),
        ('["SECRET"', ":1: this is no JSON list"),
        ('["U0VDUkVU",\n "x"]', ":1: the key has 6 bytes"),
        (json.dumps([TEXTS[0], 7]), "entry 2 of the list"),
        ("[" * 100_00, "no JSON list"),
        ("x" * 70_000, "more than 65536 bytes"),
    ],
)
def test_says_what_is_wrong_where_and_never_the_key(tmp_path: Path, content: str, says: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(KeyringError) as raised:
        Keyring.load(path)
    assert says in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert "SECRET" not in str(raised.value)
    assert "U0VDUkVU" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="No such file"):
        Keyring.load(tmp_path / "none")


def test_shows_no_key(tmp_path: Path) -> None:
    keyring = Keyring.load(write(tmp_path, TEXTS[0]))
    assert TEXTS[0] not in repr(keyring)
    assert keyring.fingerprints[0] in repr(keyring)


def test_goes_to_a_worker() -> None:
    keyring = Keyring(KEYS)
    keyring.ciphers[0] = object()
    assert pickle.loads(pickle.dumps(keyring)).keys == keyring.keys


def test_refuses_other_sizes() -> None:
    with pytest.raises(KeyringError, match="not 20"):
        Keyring([bytes(20)])
