"""What is typed wrongly is told in words and ends with 2; every number is read by one reader."""

import argparse
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperbuild.cli.arguments import COUNT, PORT, SIZE, Whole
from toy import make_toy, paper


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that no test here changes."""
    return make_toy(tmp_path_factory.mktemp("arguments") / "toy")


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("500", 500), ("2G", 2 * 10**9), ("1.5g", 15 * 10**8), ("0.0005K", 0)]
)
def test_sizes(text: str, size: int) -> None:
    assert SIZE(text) == size


@pytest.mark.parametrize("reader", [SIZE, COUNT, PORT], ids=lambda one: one.what)
@pytest.mark.parametrize(
    "text", ["", "inf", "nan", "1e400", "-1", "-5G", "1.5", "+1", " 1", "٣", "2T", "9" * 400]
)
def test_what_is_no_number_is_refused_in_words(reader: Whole, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"is no {reader.what}; expected"):
        reader(text)


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,22}(\\.[0-9]{1,22})?[KMG]?", fullmatch=True))
def test_any_text_is_a_number_within_bounds_or_refused(text: str) -> None:
    for reader in (SIZE, COUNT, PORT):
        with contextlib.suppress(argparse.ArgumentTypeError):
            assert reader.least <= reader(text) <= reader.most


WRONG = {
    "memory": (("build", "--memory-limit", "inf"), "'inf' is no size"),
    "store": (("build", "--store-limit", "1e400"), "'1e400' is no size"),
    "negative size": (("build", "--store-limit=-5G"), "'-5G' is no size"),
    "jobs": (("build", "--jobs", "0"), "'0' is no number"),
    "port": (("preview", "--port", "99999"), "'99999' is no port"),
    "negative port": (("preview", "--port=-1"), "'-1' is no port"),
    "misspelt parameter": (("build", "-p", "01-first.first_yaer=2000"), "did you mean 'first_year'"),
    "misspelt parameter of run": (("run", "01-first", "-p", "first_yaer=2000"), "did you mean 'first_year'"),
    "misspelt notebook": (("run", "01-frist"), "did you mean '01-first'"),
    "misspelt scenario": (("build", "--scenario", "laet"), "did you mean 'late'"),
    "octal": (("build", "-p", "01-first.first_year=01747"), "first_year = 1747 is refused"),
    "sexagesimal": (("build", "-p", "01-first.first_year=16:39"), "first_year = '16:39' is refused"),
    "date": (("build", "-p", "01-first.first_year=2001-01-01"), "first_year = '2001-01-01' is refused"),
    "deep": (("build", "-p", "01-first.first_year=" + "[" * 3000), "is refused"),
    "long": (("build", "-p", "01-first.first_year=" + "9" * 5000), "the value has 5,000 characters"),
    "no utf-8": (("build", "-p", "01-first.first_year=\udcff"), "this argument is not UTF-8"),
    "no utf-8 elsewhere": (("run", "\udcff"), "this argument is not UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_ends_with_two_and_a_short_message(toy: Path, name: str) -> None:
    typed, message = WRONG[name]
    done = paper(toy, *typed)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "fault of the build" not in done.stderr
    assert len(done.stderr) < 1000, "nobody reads a screen of brackets"
