"""Profiles, agreement of coders, and cells that would give a speaker away."""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.methods import coding
from borderland.study import statements
from borderland.tables import data


def coded(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["theme", "group", "within"])


EXAMPLE = coded(("a", "x", 1), ("b", "x", 1), ("a", "x", 2), ("a", "y", 3), ("c", "y", 3), ("c", "y", 3))


def test_profile_counts_and_shares():
    profile = coding.theme_profile(EXAMPLE).set_index(["theme", "group"])
    assert profile.loc[("a", "x"), "statements"] == 2
    assert profile.loc[("a", "x"), "share"] == pytest.approx(200 / 3)
    assert profile.groupby("group")["share"].sum().tolist() == pytest.approx([100, 100])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 8)), min_size=1, max_size=60
    )
)
def test_no_cell_shows_fewer_speakers_than_k(rows):
    frame = coded(*rows)
    shown = coding.protected(frame, "theme", "group", k=3)
    for theme, group in shown.stack().dropna().index:
        inside = frame[(frame["theme"] == theme) & (frame["group"] == group)]
        assert inside["within"].nunique() in {0, *range(3, 10)}
    # nor can a hidden count be worked out: shares are of what is shown
    profile = coding.theme_profile(frame, k=3)
    assert profile.groupby("group")["share"].sum().fillna(100).round(6).isin([0, 100]).all()


def test_directions_and_agreeing_share():
    register = pd.DataFrame(
        {"claim": ["A1", "A1", "A1", "A2"], "direction": ["for", "against", "for", "mixed"]}
    )
    table = statements.directions(register)
    assert table.loc["A1", ["for", "against", "mixed", "statements"]].tolist() == [2, 1, 0, 3]
    assert table.loc["A1", "agreeing_share"] == pytest.approx(200 / 3)
    assert np.isnan(table.loc["A2", "agreeing_share"])


# Hayes & Krippendorff's reliability data, as printed in the documentation of the package krippendorff:
# three coders, fifteen units, nominal alpha 0.691.
PRINTED = (
    "*    *    *    *    *    3    4    1    2    1    1    3    3    *    3",
    "1    *    2    1    3    3    4    3    *    *    *    *    *    *    *",
    "*    *    2    1    3    4    4    *    2    1    1    3    3    *    4",
)


def printed_segments() -> pd.DataFrame:
    rows = [
        (f"s{unit}", coder, value)
        for coder, line in enumerate(PRINTED)
        for unit, value in enumerate(line.split())
        if value != "*"
    ]
    return pd.DataFrame(rows, columns=["segment", "coder", "theme"])


def test_agreement_equals_the_printed_example():
    assert coding.agreement(printed_segments()) == pytest.approx(0.691, abs=0.0005)  # printed to 3 digits


def test_agreement_equals_the_package_on_names_of_themes():
    segments = printed_segments()
    named = segments.assign(
        theme=segments["theme"].map({"1": "study", "2": "work", "3": "family", "4": "trade"})
    )
    codes = segments.assign(theme=segments["theme"].astype(float)).pivot(
        index="coder", columns="segment", values="theme"
    )
    assert coding.agreement(named) == pytest.approx(
        krippendorff.alpha(codes.to_numpy(), level_of_measurement="nominal")
    )


def test_full_agreement_is_one_and_one_coder_is_none():
    both = pd.DataFrame(
        {"segment": ["s", "s", "t", "t"], "coder": [1, 2, 1, 2], "theme": ["a", "a", "b", "b"]}
    )
    assert coding.agreement(both) == 1
    assert coding.agreement(both.assign(theme="a")) == 1
    with pytest.raises(ValueError, match="no segment was coded twice"):
        coding.agreement(both[both["coder"] == 1])
    with pytest.raises(ValueError, match="coder 1 gave segment s two themes"):
        coding.agreement(pd.concat([both, both.assign(theme="c")]))


def written(tmp_path, text: str):
    path = tmp_path / "segments.csv"
    path.write_text(text, encoding="utf-8")
    return path


HEAD = "segment,interview,coder,theme,region,role\n"


def test_segments_are_read_and_counted_once_per_theme(tmp_path):
    path = written(tmp_path, HEAD + "s1,i1,c1,учёба,Omsk,trader\ns1,i1,c2,учёба,Omsk,trader\n")
    segments = coding.read_segments(path)
    assert len(segments) == 2
    assert statements.corpus(data.load("statements"), segments).to_numpy().tolist() == [
        ["учёба", "Omsk", "i1"]
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "s1,i1,c1,,Omsk,trader\n", r"segments.csv:2: column theme is empty"),
        ("segment,interview,coder\n", r"segments.csv:1: no column theme, region, role"),
    ],
)
def test_segments_with_gaps_are_refused_with_their_place(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        coding.read_segments(written(tmp_path, text))


def test_a_missing_file_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match=r"no such file\. Expected a CSV with the columns segment"):
        coding.read_segments(tmp_path / "nothing.csv")


def test_the_register_keeps_all_its_statements():
    register = data.load("statements")
    corpus = statements.corpus(register, None)
    assert len(corpus) == len(register)
    assert not corpus.isna().to_numpy().any()
    assert statements.directions(register)["statements"].sum() == len(register)
    assert set(register["claim"]) <= set(statements.CLAIMS)


def test_a_printed_profile_has_the_most_frequent_theme_first_and_hides_what_is_not_shown():
    table = statements.profile_table(coding.theme_profile(EXAMPLE))
    assert table["Theme"].tolist() == ["a", "c", "b"]
    assert table.set_index("Theme").loc["a", "x"] == pytest.approx(200 / 3)
    hidden = coding.theme_profile(EXAMPLE)
    hidden = hidden[(hidden["theme"] != "a") | (hidden["group"] != "x")]
    assert statements.profile_table(hidden).set_index("Theme")["x"].isna()["a"]
