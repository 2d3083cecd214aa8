"""Watching: what is judged meanwhile, what is told, how it ends."""

import contextlib
import json

import pytest

from consul_sniff import saved_facts
from consul_sniff.capture import sources
from consul_sniff.capture.live import Happening, Losses
from consul_sniff.errors import Interrupted
from consul_sniff.pipeline import Options, analyze
from consul_sniff.watch import Watch

PLAIN, SEALED = "lab/plain-c1.pcap", "lab/gossip_encrypted-c1.pcap"


class Clocks:
    """A second passes each time that somebody asks."""

    def __init__(self, step=1.0):
        self.now, self.step = 1000.0, step

    def monotonic(self):
        self.now += self.step
        return self.now

    def boot(self):
        return self.now

    def wall(self):
        return int(self.now * 1e9)


class Heard:
    def __init__(self):
        self.events, self.reports = [], []

    def event(self, event):
        self.events.append(event)

    def report(self, report, *, final):
        self.reports.append((report, final))

    def kinds(self):
        return [event.kind for event in self.events]


class Pieces:
    """A source whose blocks hold few packets; it can lose some, and tell of an interface."""

    def __init__(self, path, losses=None, happened=(), most=4096):
        (self.source,) = sources([str(path)])
        self.path, self.facts, self.wait = self.source.path, self.source.facts, None
        self.reasons = {"eth9 was down for a time"} if happened else set()
        self.most, self.lost, self.happened, self.finished = most, losses, list(happened), 0

    def __iter__(self):
        for block in self.source:
            stop = block.stop
            while block.consumed < stop:
                before, block.stop = block.consumed, min(block.consumed + self.most, stop)
                yield block
                if block.consumed == before:  # less than a packet
                    block.stop = stop
                    yield block
                block.start = block.consumed
            block.stop = stop
            if self.wait():
                return

    def finish(self):
        self.finished += 1

    def losses(self):
        return self.lost or Losses(self.facts.packets, 0, 0, 0)

    def check(self):
        happened, self.happened = self.happened, []
        return happened


def watched(*inputs, clocks=None, **options):
    heard = Heard()
    watch = Watch(Options(**options), clocks or Clocks(), subscribers=[heard])
    return watch, heard, watch.run(inputs)


def statuses(report):
    return {one.id: one.status for one in report.controls}


@pytest.mark.parametrize("name", [PLAIN, SEALED, "lab/secure-c1.pcap", "lab/acl_deny_plain-s1.pcap"])
def test_the_last_word_is_that_of_analyze(pcaps, name):
    _watch, heard, report = watched(Pieces(pcaps / name))
    whole = analyze([str(pcaps / name)], Options())
    assert len(heard.reports) >= 3
    assert [final for _report, final in heard.reports].count(True) == 1
    assert heard.reports[-1] == (report, True)
    for field in ("counters", "complete", "reasons", "controls", "findings", "nodes", "conversations", "exposures", "exit_code"):
        assert getattr(report, field) == getattr(whole, field), field


def test_findings_are_there_before_the_end_and_told_once(pcaps):
    _watch, heard, report = watched(Pieces(pcaps / PLAIN))
    early = [one for one, _final in heard.reports[:-1] if one.findings]
    assert early
    told = [event.detail["id"] for event in heard.events if event.kind == "finding"]
    assert {one.id for one in report.findings} <= set(told)
    assert "stats" in heard.kinds()


def test_judging_meanwhile_changes_nothing_in_what_is_known(pcaps):
    watch = Watch(Options(), Clocks(0.0))
    source = Pieces(pcaps / PLAIN)
    watch._source = source
    watch.screen.open(0)
    source.wait = lambda: False
    for block in source:
        watch._block(block, 0, source)
        if watch.screen.packets > 300:
            break
    first = watch._judge(final=False)
    again = watch._judge(final=False)
    assert first == again
    assert watch.session.facts.inputs == []


def test_it_is_judged_once_a_second_and_not_without_news(pcaps):
    _watch, heard, _report = watched(Pieces(pcaps / PLAIN), clocks=Clocks(0.0001))
    assert len(heard.reports) == 1

    class Silent(Pieces):
        def __iter__(self):
            yield from super().__iter__()
            for _ in range(50):
                self.wait()

    _watch, heard, _report = watched(Silent(pcaps / PLAIN, most=1 << 20))
    assert len(heard.reports) <= 3


def test_stop_lets_the_source_finish_and_then_ends(pcaps):
    source = Pieces(pcaps / PLAIN)
    watch = Watch(Options(), Clocks(0.001))
    watch.every(0.02, watch.stop)
    report = watch.run([source, Pieces(pcaps / SEALED)])
    assert source.finished == 1
    assert len(report.inputs) == 1  # the next one is not begun
    assert 0 < report.inputs[0].packets <= 530


def test_a_drain_that_takes_too_long_is_ended(pcaps):
    source = Pieces(pcaps / PLAIN, most=3000)
    watch = Watch(Options(), Clocks(0.05))
    watch.every(0.5, watch.stop)
    report = watch.run([source])
    assert 0 < report.inputs[0].packets < 530


def test_losses_make_it_incomplete_and_let_nothing_pass(pcaps):
    lost = Losses(600, 50, 10, 10)
    watch, _heard, report = watched(Pieces(pcaps / "lab/secure-c1.pcap", lost))
    assert not report.complete
    assert report.notes["capture-dropped"] == 70
    assert "70 packets were dropped by the capture" in report.reasons
    assert any("50 found the kernel's buffer full" in reason and "10 the interface's, and 10 were not read" in reason for reason in report.reasons)
    assert "pass" not in {one.status.value for one in report.controls}
    assert any("70 packets were dropped by the capture" in one.reason for one in report.controls)
    capture = dict(report.beside)["capture"]
    assert (capture["received"], capture["dropped"], capture["interface_dropped"], capture["unread"]) == (600, 50, 10, 10)
    assert watch.counters().dropped == 50


def test_what_is_on_its_way_is_no_loss(pcaps):
    _watch, heard, _report = watched(Pieces(pcaps / PLAIN, Losses(600, 0, 0, 70)))
    assert all("capture-dropped" not in report.notes for report, final in heard.reports if not final)


def test_what_happens_to_an_interface_is_told_and_stands_in_the_report(pcaps):
    _watch, heard, report = watched(Pieces(pcaps / PLAIN, happened=[Happening("interface-down", "eth9", "eth9 went down")]))
    assert [event.detail for event in heard.events if event.kind == "interface-down"] == [{"interface": "eth9", "summary": "eth9 went down"}]
    assert "eth9 was down for a time" in report.reasons


def test_a_machine_that_slept(pcaps):
    class Asleep(Clocks):
        def boot(self):
            return self.now + (900 if self.now > 1050 else 0)

        def wall(self):
            return int((self.boot() + 10**9) * 1e9)

    _watch, heard, report = watched(Pieces(pcaps / PLAIN), clocks=Asleep())
    assert [event.detail for event in heard.events if event.kind == "suspended"] == [{"seconds": 900.0}]
    assert "the machine slept for a time: nothing was captured then" in report.reasons


def test_taps_get_every_record_and_its_number(pcaps):
    class Tap:
        def __init__(self):
            self.seen = []

        def records(self, block, input_, first_frame):
            at = block.start
            while at < block.consumed:
                size = int.from_bytes(block.buffer[at + 8:at + 12], "little")
                self.seen.append((input_, first_frame, bytes(block.buffer[at:at + 16 + size])))
                at, first_frame = at + 16 + size, first_frame + 1

        def learnt(self, facts):
            pass

    tap = Tap()
    watch = Watch(Options(), Clocks(), taps=[tap])
    watch.run([Pieces(pcaps / PLAIN), Pieces(pcaps / SEALED)])
    assert [frame for input_, frame, _record in tap.seen if input_ == 0] == list(range(1, 531))
    assert b"".join(record for input_, _frame, record in tap.seen if input_ == 1) == (pcaps / SEALED).read_bytes()[24:]


def test_an_input_that_cannot_be_read(tmp_path):
    _watch, _heard, report = watched(*sources([str(tmp_path / "none.pcap")]))
    assert report.exit_code == 3
    assert "no such file" in report.inputs[0].error


def test_a_subscribers_error_is_not_swallowed(pcaps):
    class Broken(Heard):
        def event(self, event):
            raise BrokenPipeError

    watch = Watch(Options(), Clocks(), subscribers=[Broken()])
    with pytest.raises(BrokenPipeError):
        watch.run([Pieces(pcaps / PLAIN)])


def test_a_stop_that_comes_while_it_judges_ends_that_judgement(pcaps):
    watch = Watch(Options(), Clocks())
    inside = []

    @contextlib.contextmanager
    def meanwhile(call):
        yield
        inside.append(call)

    watch.meanwhile = meanwhile
    watch._facts, facts = lambda: watch.stop() if not inside else facts(), watch._facts
    watch._judging = False
    inside_first = pytest.raises(Interrupted)
    with inside_first:
        watch._judge(final=False)
    inside.append(None)
    assert watch._ending
    assert not watch._judging
    assert watch._judge(final=True).exit_code == 4


class Tapping:
    """Notes what it is told of, and asks for more."""

    def __init__(self, ask=""):
        self.told, self.ask, self.watch = [], ask, None

    def records(self, block, input_, first_frame):
        self.told.append(first_frame)
        if self.ask:
            getattr(self.watch, self.ask)()

    def learnt(self, facts):
        self.told.append(len(facts.sightings))


def tapped(pcaps, ask, step=0.0):
    heard, tap = Heard(), Tapping(ask)
    tap.watch = watch = Watch(Options(), Clocks(step), subscribers=[heard], taps=[tap])
    report = watch.run([Pieces(pcaps / PLAIN)])
    return tap.told, heard, report


def test_a_tap_gets_every_block_and_what_is_known_before_the_report(pcaps):
    told, heard, _ = tapped(pcaps, "")
    assert told[0] == 1
    assert told[:-1] == sorted(set(told[:-1]))
    assert told[-1] > 20
    assert len(heard.reports) == 1


def test_hurry_judges_after_the_block(pcaps):
    told, heard, report = tapped(pcaps, "hurry")
    assert len(heard.reports) == len(told) // 2 + 1
    assert heard.reports[-1] == (report, True)


def test_learning_tells_what_is_known_without_a_judgement(pcaps):
    told, heard, _ = tapped(pcaps, "learn")
    assert len(heard.reports) == 1
    known = told[1::2]
    assert known == sorted(known)
    assert known[-1] > 20


def test_learning_takes_a_tenth_of_the_time_at_most(pcaps):
    often, _, _ = tapped(pcaps, "learn")
    seldom, _, _ = tapped(pcaps, "learn", 0.001)
    assert len(seldom) < len(often)


def test_what_was_known_is_gone_on_with(pcaps):
    """Two runs over two captures say what one over both says."""
    watch = Watch(Options(), Clocks())
    watch.run([Pieces(pcaps / PLAIN)])
    known = saved_facts.load(json.loads(json.dumps(saved_facts.dump(watch.known()))))
    later = Watch(Options(), Clocks())
    later.restore(known)
    assert later.counters().packets == 530
    report = later.run([Pieces(pcaps / SEALED)])
    whole = analyze([str(pcaps / PLAIN), str(pcaps / SEALED)], Options())
    for field in ("counters", "complete", "reasons", "controls", "findings", "nodes", "conversations", "exposures", "exit_code"):
        assert getattr(report, field) == getattr(whole, field), field
    assert dict(report.beside)["capture"]["decoded"] == 1060


def test_an_input_that_was_here_before_goes_on_with_its_numbers(pcaps):
    class Rest(Pieces):
        """The packets from the 201st on, of a file whose first 200 were read."""

        def __iter__(self):
            for block in super().__iter__():
                yield block
                if self.facts.packets >= self.until:
                    return

    first = Rest(pcaps / PLAIN, most=200)
    first.until = 200
    watch = Watch(Options(), Clocks())
    watch.run([first])
    count = first.facts.packets
    again = Pieces(pcaps / SEALED)
    again.facts = first.facts
    report = watch.run([again])
    assert [one.packets for one in report.inputs] == [count + 530]
    assert sum(report.counters.values()) == count + 530 == watch.counters().packets
    frames = [evidence.frame for row in report.findings for evidence in row.evidence]
    assert max(frames) <= count + 530


def test_what_inputs_miss_lets_nothing_pass(pcaps):
    class Inputs:
        wait, reasons, notes = None, {"cap0 is gone"}, {"files-missed": 1}

        def __iter__(self):
            yield Pieces(pcaps / "lab/secure-c1.pcap")

        def behind(self):
            return {"cap1: 5 bytes of it were not read before the end"}

    inputs = Inputs()
    watch = Watch(Options(), Clocks())
    report = watch.run(inputs)
    assert inputs.wait == watch._waiting
    assert {"cap0 is gone", "cap1: 5 bytes of it were not read before the end", "2 of the followed captures were not read whole"} <= set(report.reasons)
    assert "pass" not in {one.status.value for one in report.controls}
    assert "files-missed" in watch.known().notes
    assert "2 of" not in str(watch.known().reasons)


@pytest.mark.parametrize("final", [False, True])
def test_a_stop_waits_until_the_source_has_taken_what_came(pcaps, final):
    watch = Watch(Options(), Clocks())
    source = watch._source = Pieces(pcaps / PLAIN)
    taken = []

    def prefetch():
        watch.stop()  # a signal, in the middle of it
        taken.append("whole")

    source.prefetch = prefetch

    @contextlib.contextmanager
    def meanwhile(call):
        yield
        call()

    watch.meanwhile = meanwhile
    watch._facts, facts = lambda: watch._read_on() or facts(), watch._facts
    if final:
        assert watch._judge(final=True).exit_code == 4
    else:
        with pytest.raises(Interrupted):
            watch._judge(final=False)
        assert taken == ["whole"]
    assert watch._ending
    assert not watch._judging
