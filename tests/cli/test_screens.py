from consul_sniff.cli.screens import look


def test_a_report_to_a_file_has_no_colour(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert look().color
    assert not look(to_file=True).color


def test_the_width_is_the_terminals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    assert look().width == 72
