"""What a signature asks of the ends, and what many ask alike."""

import pytest

from consul_sniff.matching.alike import Alike, Candidates, Questions, Rule

NOBODY = (frozenset(), frozenset())


def asking(match, unless=()):
    """One signature, at place 7."""
    one = Candidates()
    one.add(7, match, unless)
    return one


@pytest.mark.parametrize(("match", "unless", "whole", "some"), [
    (((),), (), [7], False),
    (((), ((0, 1),)), (), [7], False),
    (((),), (((0, 1),),), [], True),
    ((((1, 2),),), (), [], True),
    ((((1, 2),),), ((),), [], False),
    (((),), ((), ((0, 1),)), [], False),
])
def test_what_is_left_to_ask(match, unless, whole, some):
    assert (asking(match, unless).whole, asking(match, unless).some) == (whole, some)


@pytest.mark.parametrize(("both", "matches"), [
    (NOBODY, False),
    (({1}, ()), False),
    (({1}, {2}), True),
    (({1, 5}, {2}), False),  # unless
    (((), {3}), True),
    (({1}, {2, 3}), True),
])
def test_any_group_whose_tests_all_hold_and_none_that_takes_out(both, matches):
    one = asking((((0, 1), (1, 2)), ((1, 3),)), (((0, 5),),))
    assert one.between(tuple(map(frozenset, both))) == ({7} if matches else set())


def test_what_only_takes_out_is_asked_of_all_ends():
    one = asking(((),), (((0, 5),),))
    assert one.between(NOBODY) == {7}
    assert one.between((frozenset({5}), frozenset())) == set()


def test_signatures_that_ask_alike_keep_their_own_ends():
    groups = (Rule(0, 0, ()), Rule(1, 0, ()))
    alike = Alike(groups, ())
    for place, number in ((3, 30), (4, 40)):
        alike.rules.append((place, (Rule(0, 0, ((0, number),)), Rule(1, 0, ())), ()))
    assert alike.left((0,), ()).between((frozenset({40}), frozenset())) == {4}
    assert alike.left((1,), ()).whole == [3, 4]
    assert alike.left((0, 1), ()).whole == [3, 4]


def test_the_same_tests_have_one_number_and_are_asked_once():
    questions = Questions()
    asked = []
    one = questions.number((("kind", "exact", ("x",)),))
    other = questions.number((("kind", "exact", (1,)),))
    assert questions.number((("kind", "exact", ("x",)),)) == one != other
    assert questions.number((("kind", "exact", (True,)),)) != other
    holds = questions.holds(lambda name: asked.append(name) or "x")
    assert [holds(one), holds(other), holds(one), holds(questions.number(()))] == [True, False, True, True]
    assert asked == ["kind", "kind"]
