import time

from consul_sniff.cli import progress as module


def test_quick_work_shows_no_bar(tmp_path, capsys):
    with module.Progress([str(tmp_path)], wanted=True) as shown:
        shown.update("a", 10)
    assert capsys.readouterr().err == ""


def test_long_work_shows_how_far_it_is(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.pcap").write_bytes(bytes(1000))
    (tmp_path / "b.pcap").write_bytes(bytes(3000))
    monkeypatch.setattr(module, "QUICK", 0.0)
    with module.Progress([str(tmp_path)], wanted=True) as shown:
        shown.update(str(tmp_path / "a.pcap"), 1000)
        shown.update(str(tmp_path / "b.pcap"), 500)
        time.sleep(0.2)
        task = shown._bar.tasks[0]
        assert (task.completed, task.total) == (1500, 4000)
    assert capsys.readouterr().out == ""
