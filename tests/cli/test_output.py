import os

import pytest

from consul_sniff.cli.output import write_whole
from consul_sniff.errors import OutputError


def test_it_is_written_private_and_leaves_nothing_beside(tmp_path):
    write_whole(tmp_path / "report", "text\n")
    assert (tmp_path / "report").read_text() == "text\n"
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="gone"):
        write_whole(tmp_path / "gone" / "report", "text")


def test_what_cannot_be_replaced_stays(tmp_path):
    (tmp_path / "report").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_whole(tmp_path / "report", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path):
    write_whole(tmp_path / "report", "\u00fc \udc80\n")
    assert (tmp_path / "report").read_bytes() == "\u00fc ?\n".encode()


def test_a_bare_name_is_one_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_whole(type(tmp_path)("report"), "here")
    assert (tmp_path / "report").read_text() == "here"


def test_a_pipe_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="is not a regular file"):
        write_whole(tmp_path / "pipe", "text")
