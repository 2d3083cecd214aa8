import shutil
import sys
from pathlib import Path

import pytest
import yaml

from consul_sniff.errors import SignatureError
from consul_sniff.matching.loader import CHECKLIST, lint, load, shipped_folder

OWN = """\
id: {id}
title: Mine
status: experimental
control: rpc-tls
vote: note
severity: info
confidence: low
description: d
remediation: r
references: [https://example.org/]
match: {{protocol: raft}}
tests: {{untested: an example}}
"""
CONTROLS = [
    "gossip-encryption", "rpc-tls", "raft-tls", "tls-client-auth", "tls-server-identity", "tls-strength", "api-tls",
    "acl-default-deny", "acl-token-confidentiality", "private-key-exposure", "grpc-tls", "mesh-mtls", "mesh-bypass",
    "envoy-admin", "intention-default", "remote-exec", "ca-provider-tls", "membership-disclosure", "gossip-keys",
    "message-integrity", "dns-exposure", "network-ports", "directory-access",
]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "own"
    made.mkdir(mode=0o755)
    (made / "mine.yaml").write_text(OWN.format(id="mine"))
    return made


def problems(folder):
    with pytest.raises(SignatureError) as raised:
        load(folder)
    return [line.replace(str(folder), "own") for line in raised.value.problems]


def test_the_shipped_rules_are_sound_and_in_the_checklists_order():
    rules = load()
    assert [c.id for c in rules.controls] == CONTROLS
    assert [s.id for s in rules.signatures] == sorted(s.id for s in rules.signatures)
    assert lint(shipped_folder()) == []


def test_titles_are_unique_and_every_control_but_the_hosts_has_a_vote():
    rules = load()
    titles = [s.title for s in rules.signatures]
    assert sorted(titles) == sorted(set(titles))
    assert {c.id for c in rules.controls} - {s.control for s in rules.signatures} == {"directory-access"}


def test_shipped_captures_exist():
    root = Path(__file__).parents[2]
    named = {capture for s in load().signatures for capture in (*s.fires_on, *s.silent_on)}
    assert [capture for capture in sorted(named) if not (root / capture).is_file()] == []


def test_a_users_own_stand_beside_the_shipped(folder):
    mine = [s for s in load(folder).signatures if s.id == "mine"]
    assert [s.path for s in mine] == [str(folder / "mine.yaml")]
    assert len(load(folder).signatures) == len(load().signatures) + 1
    assert lint(folder) == []


def test_all_problems_of_all_files_are_told_at_once(folder):
    (folder / "one.yaml").write_text(OWN.format(id="one").replace("protocol: raft", "protocol: rafft").replace("low", "lo"))
    (folder / "two.yml").write_text("a: [")
    (folder / "sub").mkdir()
    (folder / "sub" / "mine.yaml").write_text(OWN.format(id="mine"))
    (folder / ".hidden.yaml").write_text("a: [")
    said = problems(folder)
    assert [line.split(" ")[0] for line in said] == ["own/one.yaml:7:", "own/one.yaml:11:", "own/sub/mine.yaml:1:", "own/two.yml:2:"]
    assert said[2] == 'own/sub/mine.yaml:1: id: "mine" is already defined in own/mine.yaml'
    assert lint(folder) == [line.replace("own/", f"{folder}/", 1).replace("in own/", f"in {folder}/") for line in said]


def test_a_shipped_id_is_taken(folder):
    (folder / "rpc-plaintext.yaml").write_text(OWN.format(id="rpc-plaintext"))
    assert problems(folder) == ['own/rpc-plaintext.yaml:1: id: "rpc-plaintext" is already defined in signatures/rpc/rpc-plaintext.yaml']


def test_what_everybody_can_write_is_refused(folder):
    folder.chmod(0o777)
    assert problems(folder) == ["own:1: everybody can write there: run `chmod o-w own` first"]
    folder.chmod(0o755)
    (folder / "mine.yaml").chmod(0o666)
    assert problems(folder) == ["own/mine.yaml:1: everybody can write to it: run `chmod o-w own/mine.yaml` first"]


def test_folders_that_are_none(folder, tmp_path):
    assert problems(folder / "mine.yaml")[0].endswith(":1: is no folder: expected a folder of .yaml files")
    assert problems(tmp_path / "gone")[0].endswith(":1: cannot be read: No such file or directory")
    (folder / "mine.yaml").unlink()
    assert problems(folder) == ["own:1: holds no .yaml file"]


def test_a_broken_checklist_is_told_with_its_signatures(tmp_path):
    copy = tmp_path / "signatures"
    shutil.copytree(shipped_folder(), copy)
    text = (copy / CHECKLIST).read_text().replace("- id: rpc-tls\n", "- id: gossip-encryption\n")
    (copy / CHECKLIST).write_text(text)
    said = lint(copy)
    assert "signatures/checklist.yaml" in said[0]
    assert '"gossip-encryption" is there twice' in said[0]
    assert any('control: "rpc-tls" is not one of' in line for line in said)


def test_ten_times_the_signatures_cost_ten_times_as_much_to_load(folder):
    def cost(upto):
        """Function calls: a clock says something else on a busy machine."""
        for n in range(upto):
            (folder / f"sig{n}.yaml").write_text(OWN.format(id=f"sig{n}"))
        calls = 0

        def count(_frame, event, _function):
            nonlocal calls
            calls += event in {"call", "c_call"}

        sys.setprofile(count)
        try:
            assert len(load(folder).signatures) > upto
        finally:
            sys.setprofile(None)
        return calls

    shipped, few, many = cost(0), cost(30), cost(300)
    assert many - shipped < 11 * (few - shipped)


def test_too_many_files_are_refused(folder, monkeypatch):
    monkeypatch.setattr("consul_sniff.matching.loader.SIGNATURES", 100)
    for n in range(100):
        (folder / f"sig{n}.yaml").write_text(OWN.format(id=f"sig{n}"))
    assert problems(folder) == ["own:1: holds more than 100 files"]


def test_a_link_to_itself_ends(folder):
    (folder / "again").symlink_to(folder)
    assert len([s for s in load(folder).signatures if s.id == "mine"]) == 1


def test_every_reference_and_remediation_says_something():
    for s in load().signatures:
        assert s.references
        assert len(s.remediation) > 20, s.id
        assert all("_" not in title for title in s.title.split()), s.id


def test_checklist_text_is_one_sentence_where_it_must_be():
    document = yaml.safe_load((shipped_folder() / CHECKLIST).read_text())
    for entry in document["controls"]:
        assert not entry["not_observed"].endswith("."), entry["id"]
        assert not entry["settle"].endswith("."), entry["id"]
        assert entry["seeds"]
