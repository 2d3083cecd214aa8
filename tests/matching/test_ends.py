import random

import pytest

from consul_sniff.matching.ends import Addresses
from consul_sniff.matching.modifiers import MODIFIERS

TESTS = [
    ("cidr", ("10.0.0.0/8",)), ("cidr", ("10.1.0.0/16", "192.168.7.7")), ("cidr", ("10.1.2.0/24",)), ("cidr", ("0.0.0.0/0",)), ("cidr", ("::/0",)),
    ("cidr", ("fd00::/8", "10.1.2.3/32")), ("exact", ("10.1.2.3",)), ("in", ("others", "fd00::1")), ("not", ("10.1.2.3",)),
    ("startswith", ("10.1.",)), ("contains", (":",)), ("endswith", (".7",)), ("exists", (True,)), ("exists", (False,)), ("exact", (1,)),
]
FOUND = ["10.1.2.3", "10.1.3.3", "10.200.0.1", "192.168.7.7", "fd00::1", "fe80::1%eth0", "::ffff:10.1.2.3", "others", "", "10.1.2.3.4"]


def test_what_holds_is_what_each_test_says_for_itself():
    addresses = Addresses()
    numbers = [addresses.number(*one) for one in TESTS]
    dice = random.Random(8)
    drawn = [f"10.{dice.randrange(3)}.{dice.randrange(4)}.{dice.randrange(4)}" for _ in range(200)]
    for text in [*FOUND, *drawn, *FOUND]:
        held = addresses.holding(text)
        assert {number for number, (modifier, values) in zip(numbers, TESTS, strict=True) if MODIFIERS[modifier].build(values)(text)} == held, text


def test_the_same_test_has_one_number_and_equal_answers_are_one_object():
    addresses = Addresses()
    assert addresses.number("cidr", ("10.0.0.0/8",)) == addresses.number("cidr", ("10.0.0.0/8",)) != addresses.number("cidr", ("11.0.0.0/8",))
    assert addresses.holding("10.0.0.1") is addresses.holding("10.9.0.1")
    assert addresses.holding("12.0.0.1") == frozenset()


@pytest.mark.parametrize("length", [0, 1, 8, 31, 32])
def test_networks_of_any_length(length):
    addresses = Addresses()
    number = addresses.number("cidr", (f"255.255.255.255/{length}",))
    assert number in addresses.holding("255.255.255.255")
    assert (number in addresses.holding("0.0.0.0")) == (length == 0)
