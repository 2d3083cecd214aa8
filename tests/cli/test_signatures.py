import shutil

from .conftest import PCAPS

ROOT = PCAPS.parent


def test_list_shows_every_signature_with_its_control(run):
    text = run("signatures", "list", env={"COLUMNS": "140"}).stdout.decode()
    for path in (ROOT / "signatures").rglob("*.yaml"):
        if path.name != "checklist.yaml":
            assert path.stem in text


def test_list_of_one_control(run):
    text = run("signatures", "list", "--control", "raft-tls", env={"COLUMNS": "140"}).stdout.decode()
    assert {line.split()[0] for line in text.splitlines()[1:] if line[:1].strip()} == {"raft-tls"}


def test_show(run):
    text = run("signatures", "show", "raft-plaintext").stdout.decode()
    assert "Fires on" in text
    assert run("signatures", "show", "gone").returncode == 2


def test_lint_of_the_shipped_ones_is_clean(run):
    assert run("signatures", "lint").returncode == 0


def test_lint_tells_all_problems_with_file_line_and_key(run, tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    for name in ("one", "two"):
        shutil.copy(ROOT / "signatures/raft/raft-plaintext.yaml", own / f"{name}.yaml")
        text = (own / f"{name}.yaml").read_text().replace("severity: high", "severity: bad").replace("severity: critical", "severity: bad")
        (own / f"{name}.yaml").write_text(text)
    done = run("signatures", "lint", own)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2
    for name in ("one", "two"):
        assert any(line.startswith(f"{own}/{name}.yaml:") and "severity" in line for line in lines)


def test_the_shipped_ones_pass_their_own_captures(run):
    done = run("signatures", "test", "--root", ROOT)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    assert b" passed, 0 failed" in done.stdout


def test_a_signature_of_ones_own_judges_too(run, tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    text = (ROOT / "signatures/gossip/gossip-plaintext-lan.yaml").read_text().replace("id: gossip-plaintext-lan", "id: my-own")
    (own / "my-own.yaml").write_text(text)
    done = run("analyze", "pcaps/lab/rollout-c1.pcap", "--format", "json", "--signatures", own)
    assert b'"my-own"' in done.stdout
