"""Populations of states: reading, growth, one chart."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

NAMES = {
    "KAZ": "Kazakhstan",
    "KGZ": "Kyrgyzstan",
    "TJK": "Tajikistan",
    "TKM": "Turkmenistan",
    "UZB": "Uzbekistan",
}
"""Names of the states by ISO 3166-1 code, in the order of the codes."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
"""Told apart with any colour vision (Okabe and Ito 2008, https://jfly.uni-koeln.de/color/)."""
NEAREST = 0.06
"""Share of the picture's height between names at the ends of lines: closer, they print over each other."""


def load(data: Path = Path("data")) -> pd.DataFrame:
    """Read the table of populations: one row a state and year, `persons` at mid-year."""
    return pd.read_csv(data / "population.csv", dtype={"country": str, "year": int, "persons": int})


def mean_growth(first: float, last: float, years: int) -> float:
    """Return the mean growth in per cent a year that leads from `first` to `last`.

    >>> round(mean_growth(100, 121, 2), 6)
    10.0
    """
    return 100 * ((last / first) ** (1 / years) - 1)


def growth(population: pd.DataFrame, first_year: int, last_year: int) -> pd.DataFrame:
    """Return persons in two years and the mean growth between them, by state.

    Returns
    -------
    DataFrame
        Columns `state` (name), `first` and `last` (persons), `rate` (per cent a year); fastest first.
    """
    wide = population.pivot(index="country", columns="year", values="persons")
    first, last = wide[first_year], wide[last_year]
    rate = mean_growth(first, last, last_year - first_year)
    table = pd.DataFrame({"state": wide.index.map(NAMES), "first": first, "last": last, "rate": rate})
    return table.sort_values("rate", ascending=False).reset_index(drop=True)


def index(population: pd.DataFrame, first_year: int, last_year: int) -> pd.DataFrame:
    """Return populations of the years asked for with a column `index`: 100 in `first_year`, by state."""
    years = population[population["year"].between(first_year, last_year)]
    start = years[years["year"] == first_year].set_index("country")["persons"]
    return years.assign(index=100 * years["persons"] / years["country"].map(start))


def chart(indexed: pd.DataFrame) -> Figure:
    """Draw one line a state, named at its end."""
    figure, axes = plt.subplots(figsize=(6.3, 3.6), layout="constrained")
    gap = NEAREST * (indexed["index"].max() - indexed["index"].min())
    below = float("-inf")
    ends = indexed.sort_values("year").groupby("country")["index"].last().sort_values()
    for country, end in ends.items():
        line = indexed[indexed["country"] == country]
        colour = COLOURS[list(NAMES).index(country)]
        axes.plot(line["year"], line["index"], color=colour)
        below = max(end, below + gap)
        axes.annotate(
            NAMES[country],
            (line["year"].max(), below),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(f"{indexed['year'].min()} = 100")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return figure
