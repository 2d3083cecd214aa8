from __future__ import annotations

import ctypes
import random

from consul_sniff.screen.table import SHARED_ROWS, ExtraRecord, RowRecord, SideRecord, Table


def test_a_cache_line_holds_what_every_packet_touches():
    assert ctypes.sizeof(RowRecord) == 64
    assert ctypes.sizeof(SideRecord) % 64 == 0
    hot = {"packets", "bytes", "payloads", "last", "next", "pending", "flags", "held", "enough", "begun"}
    assert {name for name, _ in SideRecord._fields_ if getattr(SideRecord, name).offset < 64} == hot


def test_against_a_dict():
    rng = random.Random(5)
    table, truth = Table(64, seed=rng.getrandbits(64)), {}
    numbers = set()
    for _ in range(5000):
        key = (rng.randrange(90), rng.randrange(3), rng.randrange(2), 0, 0)
        row = table.find(*key)
        assert (row >= 0) == (key in truth)
        if row >= 0:
            assert truth[key] == row
            if rng.random() < 0.5:
                table.remove(row)
                del truth[key]
        elif not table.full():
            row = table.insert(*key)
            assert row not in truth.values()
            truth[key] = row
            number = table.rows_array[row].number
            assert number not in numbers
            numbers.add(number)
            assert table.row(number) == row
        assert table.live == len(truth)
    assert all(table.find(*key) == row for key, row in truth.items())
    table.reset()
    assert table.live == 0
    assert all(table.find(*key) < 0 for key in truth)


def test_numbers_rise_and_dead_ones_find_nothing():
    table = Table(16, seed=1)
    first = table.insert(1, 2, 0, 0, 0)
    number = table.rows_array[first].number
    table.remove(first)
    assert table.row(number) == -1
    second = table.insert(1, 2, 0, 0, 0)
    assert second == first
    assert table.rows_array[second].number > number
    assert table.row(number) == -1
    assert table.row(2**64 - 1) == -1


def test_a_full_table_names_an_old_row():
    table = Table(16, seed=1)
    for i in range(16):
        row = table.insert(i, 0, 0, 0, 0)
        table.rows_array[row].epoch = 100 - i
    assert table.full()
    assert table.rows_array[table.oldest()].epoch == 93  # the oldest of eight


def test_a_row_given_back_is_clear_again():
    table = Table(16, seed=1)
    bare = {"packets", "bytes", "last", "flags", "begun", "first", "first_frame"}  # what a side that only knocks has
    for used in (set(dict(SideRecord._fields_)), bare):
        row = table.insert(1, 2, 0, 0, 0)
        for name in used:
            setattr(table.sides_array[2 * row], name, 1)
            if used is not bare:
                setattr(table.sides_array[2 * row + 1], name, 1)
        for name, _ in ExtraRecord._fields_ if used is not bare else ():
            setattr(table.extra_array[2 * row], name, 1)
            setattr(table.extra_array[2 * row + 1], name, 1)
        table.remove(row)
        assert table.insert(3, 4, 0, 0, 0) == row
        for d in (2 * row, 2 * row + 1):
            side, extra = table.sides_array[d], table.extra_array[d]
            left = {name: getattr(side, name) for name, _ in SideRecord._fields_ if getattr(side, name)}
            assert {name: left[name] for name in left.keys() - {"isn"}} == {"next": -1}  # it hangs on next
            assert {name for name, _ in ExtraRecord._fields_ if getattr(extra, name)} <= {"head", "size"}  # they hang on half
        table.remove(row)


def test_memory_that_is_let_go_of_is_of_free_rows():
    table = Table(SHARED_ROWS, seed=1)
    kept = []
    for share in (0, 1):
        table.share = share
        kept.append(table.insert(1, share, 0, 0, 0))
    for row in kept:
        table.sides_array[2 * row].packets = table.sides_array[2 * row + 1].packets = 1
    table.remove(kept[0])
    table.release(0)
    assert table.rows_of(0) == []
    assert table.rows_of(1) == kept[1:] == [table.find(1, 1, 0, 0, 0)]
    assert table.sides_array[2 * kept[1]].packets == 1
    table.reset()
    table.share = 0
    assert table.insert(5, 6, 0, 0, 0) == kept[0]
    assert table.sides_array[2 * kept[0]].packets == 0
