from consul_sniff import limits
from consul_sniff.facts import Facts, InputFacts
from consul_sniff.parallel import Result, Task, join

LEAD, OTHER = Task((0,), 0x55, 1), Task((0,), 0xAA, 1)


def facts(path, packets, **counters):
    made = Facts()
    one = InputFacts(path)
    one.packets = packets
    made.inputs.append(one)
    made.counters.update(counters)
    return made


def test_inputs_stand_in_their_order_and_parts_are_one_input():
    tasks = [Task((1,), None, 1), LEAD, OTHER]
    whole = join(tasks, [Result(facts("b", 5, tcp=5), 0), Result(facts("a", 9, tcp=4), 0), Result(facts("a", 9, udp=5), 0)])
    assert [one.path for one in whole.inputs] == ["a", "b"]
    assert dict(whole.counters) == {"tcp": 9, "udp": 5}


def test_what_was_interrupted_has_the_packets_that_are_counted():
    parts = [Result(facts("a", 9, tcp=4), 0), Result(facts("a", 7, udp=2), 0)]
    whole = join([LEAD, OTHER], parts, interrupted=True)
    assert whole.inputs[0].packets == 6
    assert whole.reasons == {"interrupted: what came later was not read"}


def test_a_file_of_which_a_part_was_not_done_is_left_out():
    whole = join([LEAD, OTHER, Task((1,), None, 1)], [Result(facts("a", 9, tcp=4), 0), None, Result(facts("b", 1, tcp=1), 0)],
                 interrupted=True)
    assert [one.path for one in whole.inputs] == ["b"]
    assert dict(whole.counters) == {"tcp": 1}


def test_a_bound_that_hangs_on_the_order_of_all_is_for_one_process():
    assert join([LEAD], [Result(facts("a", 1), 0)]) is not None
    full = facts("a", 1)
    full.notes["other notes"] = 1
    assert join([LEAD], [Result(full, 0)]) is None
    half = limits.BODIES // 2 + 1
    assert join([LEAD, OTHER], [Result(facts("a", 1), half), Result(facts("a", 1), half)]) is None
    assert join([Task((0,), None, 1), Task((1,), None, 1)],
                [Result(facts("a", 1), half), Result(facts("b", 1), half)]) is not None


def test_several_inputs_fill_one_table():
    half = {("sightings", 3): limits.SIGHTINGS // limits.SHARES // 2 + 1}
    files = [Task((0,), None, 1), Task((1,), None, 1)]
    results = [Result(facts("a", 1), 0, half), Result(facts("b", 1), 0, half)]
    assert join(files, results) is None
    assert join([LEAD, OTHER], results) is not None
