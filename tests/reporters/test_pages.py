from consul_sniff.matching import describe, load
from consul_sniff.reporters.look import Look
from consul_sniff.reporters.pages import explained, table


def test_every_page_fits_and_says_its_parts():
    rules = load()
    for name in [*(s.id for s in rules.signatures), *(c.id for c in rules.controls)]:
        page = describe.page(rules, name)
        text = explained(page, Look(60))
        assert text.startswith(name)
        assert all(len(line) <= 60 for line in text.splitlines())
        for heading, body in page.sections:
            assert not body.strip() or heading in text


def test_a_cell_is_never_markup():
    assert "[/x]" in table(("a", "b"), [("[/x]", "[bold]y")], Look(80))
