import pytest

from consul_sniff.limits import SIGNATURE_BYTES
from consul_sniff.matching.yamlfile import Problems, Reader, Section, compose, read


def problems_of(text):
    problems = Problems()
    node = compose(text, Reader("x.yaml", problems))
    return node, problems.lines


@pytest.mark.parametrize(("text", "line"), [
    ("", "x.yaml:1: is empty"),
    ("a: 1\nb: [\n", "x.yaml:3: is not YAML: did not find expected node content"),
    ("a: 1\n---\nb: 2\n", "x.yaml:2: is not YAML: but found another document"),
    ("a: 1\nb: 2\na: 3\n", "x.yaml:3: a: is there twice; first in line 1"),
    ("x: {k: 1, k: 2}\n", "x.yaml:1: k: is there twice; first in line 1"),
    ("a: &n [1]\nb: *n\n", "x.yaml:1: is used again by an alias (*name): write it out"),
    ("a: !!python/object:os.system x\n", "x.yaml:1: the tag tag:yaml.org,2002:python/object:os.system is not allowed"),
    ("a: !mine x\n", "x.yaml:1: the tag !mine is not allowed"),
    ("? [1]\n: 2\n", "x.yaml:1: a key must be text, not a list"),
    ("a: " + "[" * 9 + "]" * 9, "x.yaml:1: is nested deeper than 8 levels"),
    ("a: \x01\n", "x.yaml:1: is not YAML: unacceptable character #x0001: control characters are not allowed"),
])
def test_what_a_signature_must_not_hold_is_named_with_its_line(text, line):
    node, lines = problems_of(text)
    assert node is None
    assert lines == [line]


def test_a_billion_laughs_ends_at_the_first_alias():
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcde", "bcdef", strict=True))
    assert problems_of(bomb)[1] == ["x.yaml:1: is used again by an alias (*name): write it out"]


@pytest.mark.parametrize(("content", "expected"), [
    (b"a: " + b"[" * 60_000, "holds more than 4,096 of the characters"),
    (b"- " * 5_000, "holds more than 4,096 of the characters"),
    (b"a" * (SIGNATURE_BYTES + 1), "is larger than 65,536 bytes"),
    (b"a: 1\nb: \xff\n", "2: is not UTF-8 text"),
])
def test_a_file_that_could_hurt_the_parser_never_reaches_it(tmp_path, content, expected):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    problems = Problems()
    assert read(path, Reader("x.yaml", problems)) is None
    assert len(problems.lines) == 1
    assert expected in problems.lines[0]


def test_a_missing_file_is_a_problem_not_a_crash(tmp_path):
    problems = Problems()
    assert read(tmp_path / "none.yaml", Reader("none.yaml", problems)) is None
    assert problems.lines == ["none.yaml:1: cannot be read: No such file or directory"]


@pytest.mark.parametrize(("text", "value"), [
    ("true", True), ("False", False), ("12", 12), ("-3", -3), ('"12"', "12"), ("word", "word"), ("~", None),
])
def test_scalars_keep_their_types(text, value):
    problems = Problems()
    reader = Reader("x", problems)
    found = reader.scalar(compose(text, reader), "k")
    assert found == value
    assert type(found) is type(value)
    assert problems.lines == []


@pytest.mark.parametrize("text", ["1.5", "2020-01-01", "yes", "on", "0x10", "017"])
def test_what_yaml_guesses_is_asked_back(text):
    problems = Problems()
    reader = Reader("x", problems)
    assert reader.scalar(compose(text, reader), "k") is None
    assert problems.lines[0].startswith("x:1: k: expected text, true, false or a whole number: put")


def test_prose_flows_and_settings_stay():
    problems = Problems()
    reader = Reader("x", problems)
    text = "t: |\n  One\n  two.\n    a = 1\n    b = 2\n  Three\n  four.\n\n  Five.\n"
    assert Section(reader, compose(text, reader)).prose("t") == "One two.\n  a = 1\n  b = 2\nThree four.\n\nFive."


def test_a_section_reports_missing_wrong_and_unknown_keys_at_once():
    problems = Problems()
    reader = Reader("x", problems)
    section = Section(reader, compose("one: two\nlist: [a]\nodd: 1\n", reader), "top")
    assert section.one_of("one", ["a", "b"]) == ""
    assert section.text("list") == ""
    assert section.texts("list") == ("a",)
    assert section.text("gone") == ""
    assert section.text("optional", required=False) == ""
    section.done()
    assert problems.lines == [
        'x:1: top.one: "two" is not one of a, b',
        "x:2: top.list: expected text, not a list",
        "x:1: top.gone: is missing",
        "x:3: top.odd: is no known key; known are gone, list, one, optional",
    ]
    assert not reader.clean
