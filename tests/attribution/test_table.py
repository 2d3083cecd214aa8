"""The report's conversations: rows of facts and of strangers in one order."""

from consul_sniff.attribution import Profile, attribute
from consul_sniff.attribution.addresses import order
from consul_sniff.facts import ConversationKey

from ..rolled import rolled
from .test_strangers import FORM, named, spelt


def test_rows_stand_in_one_order_and_are_made_again():
    rows = attribute(rolled(named().facts), Profile()).conversations
    keys = [order(ConversationKey(*row[:4])) for row in rows]
    assert keys == sorted(keys)
    assert list(rows) == rows[:] == [rows[place] for place in range(len(rows))]
    assert rows[3:5] == [rows[3], rows[4]]


def test_it_equals_a_list_of_the_same_rows_alone():
    rows = attribute(rolled(named().facts), Profile()).conversations
    assert rows == list(rows)
    assert rows != list(rows)[1:]
    assert rows != [*list(rows)[:-1], rows[0]]


def test_rows_that_can_write_themselves_stand_between_those_that_cannot():
    rows = attribute(rolled(named().facts), Profile()).conversations
    written = rows.written(slice(1, None), FORM)
    assert [spelt(row) if isinstance(text, str) else row for text, row in zip(written, rows[1:], strict=True)] == written
    assert len({type(text) for text in written}) == 2
