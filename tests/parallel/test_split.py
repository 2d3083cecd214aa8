from consul_sniff.parallel import Load, split
from consul_sniff.parallel.split import SHARES

MB = 1_000_000


def masks(tasks):
    return [(task.inputs, task.shares) for task in tasks]


def test_little_work_is_one_task():
    assert masks(split([Load(5 * MB, True)] * 3, 4, 64 * MB)) == [((0, 1, 2), None)]
    assert masks(split([Load(500 * MB, True)], 1, 64 * MB)) == [((0,), None)]
    assert split([], 4, 64 * MB) == []


def test_a_large_file_is_shared_out_by_its_flows():
    tasks = split([Load(5000 * MB, True)], 2, 64 * MB)
    assert masks(tasks) == [((0,), 0b01010101), ((0,), 0b10101010)]
    assert [task.leads for task in tasks] == [True, False]


def test_every_share_is_somebodys_once():
    for jobs in range(2, 20):
        tasks = split([Load(5000 * MB, True)], jobs, 64 * MB)
        assert len(tasks) == min(jobs, SHARES)
        assert sum(task.shares for task in tasks) == (1 << SHARES) - 1
        assert sum(task.leads for task in tasks) == 1


def test_progress_is_told_of_every_byte_once():
    for jobs in (1, 2, 3, 8):
        tasks = split([Load(5000 * MB, True), Load(3 * MB, True)], jobs, 64 * MB)
        assert abs(sum(task.told for task in tasks) - 5003 * MB) < 10


def test_packed_files_and_pipes_are_read_by_one():
    assert masks(split([Load(5000 * MB, False)], 2, 64 * MB)) == [((0,), None)]


def test_equal_files_are_shared_out_whole():
    assert masks(split([Load(500 * MB, True)] * 4, 2, 64 * MB)) == [((n,), None) for n in range(4)]
    assert masks(split([Load(500 * MB, True)] * 2, 2, 64 * MB)) == [((0,), None), ((1,), None)]


def test_one_that_the_others_would_wait_for_is_divided():
    tasks = split([Load(MB, True), Load(5000 * MB, True), Load(MB, True)], 2, 64 * MB)
    assert masks(tasks) == [((0,), None), ((1,), 0b01010101), ((1,), 0b10101010), ((2,), None)]


def test_small_files_go_together_each_once():
    tasks = split([Load(MB, True)] * 1000, 2, 64 * MB)
    assert 8 <= len(tasks) <= 10
    assert [number for task in tasks for number in task.inputs] == list(range(1000))
