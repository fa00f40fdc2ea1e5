"""Every word of every figure, in one place: title, unit, notes, marks; results in a title come from data.

A further language is a further mapping of the same names and marks.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from borderland.charts.theme import Words
from borderland.methods.specification import Curve
from borderland.study.frame import SIDE
from borderland.study.palette import GROUP_LABEL
from borderland.study.wording import MAIN, plain

# What the licences of the boundaries ask for; no map goes without it.
_CREDIT = "Boundaries: © OpenStreetMap contributors (ODbL 1.0), Natural Earth. Albers equal-area projection."
_CURVE = {
    "significant": "interval excludes zero",
    "not": "interval includes zero",
    "null": "median under the permutation null, 95 %",
    "main": "the article’s specification",
    "order": "{n} specifications, by estimate",
}
_LIST = {
    "ours": "this study, 95 % interval",
    "published": "published",
    "estimate": "estimate (interval)",
    "n": "N",
}

# Headings of panels, by column.
FLOWS = {
    "internal_rate": "Inside Kazakhstan",
    "external_rate": "Across the country’s borders",
    "all_rate": "All flows",
}
DIRECTION = {"arrivals": "Arrivals in Russia", "departures": "Departures from Russia"}
DIRECTIONS = {"against": "Against the claim", "mixed": "Mixed", "for": "For the claim"}

# Braces in a title or unit are filled with what `words` is given; a title without them names what is drawn.
FIGURES: Mapping[str, Words] = {
    "world-distance": Words(
        "Distance and the migration between all countries",
        "Elasticity of flows between all pairs of countries, by decade and way of estimating the flow",
        "Poisson with effects of origins and destinations in each period; errors by pair.",
        _LIST,
    ),
    "world-official": Words(
        "A common official language and the migration between all countries",
        "Log points, flows between all pairs of countries, by decade and way of estimating the flow",
        "Poisson with effects of origins and destinations in each period; errors by pair.",
        _LIST,
    ),
    "world-spoken": Words(
        "A common spoken language and the migration between all countries",
        "Log points for an index from 0 to about 1, by decade and way of estimating the flow",
        "Poisson with effects of origins and destinations in each period; errors by pair.",
        _LIST,
    ),
    "borderland-map": Words(
        "The border regions of Kazakhstan and Russia",
        "Regions on constant boundaries, centres, million-plus cities and road crossings",
        f"Places: GeoNames (CC BY 4.0). * with Abai. {_CREDIT}",
        {
            "KAZ": "Kazakh border region",
            "RUS": "Russian border region",
            "apart": "okrugs of Tyumen, not counted with it",
            "border": "state border",
            "city": "city of a million or more",
            "centre": "other region centre",
            "crossing": "road crossing (estimated)",
        },
    ),
    "data-coverage": Words(
        "Which years the tables cover",
        "Share of the units a table ever covers that have a row in the year",
        "",
        {"share": "share of units", "grade": "grade"},
    ),
    "overview": Words(
        "Natural increase is positive in {natural_kaz} of {natural_kaz_of} Kazakh and {natural_rus} of "
        "{natural_rus_of} Russian border regions, net migration in {migration_kaz} of {migration_kaz_of} and "
        "{migration_rus} of {migration_rus_of}",
        "Per 1,000 inhabitants and year, means; the title speaks of {years}",
        "* with Abai.",
    ),
    "population-index": Words(
        "Population of the border regions",
        "{base} = 100; each side from west to east",
        "* with Abai.",
        {"KAZ": SIDE["KAZ"], "RUS": SIDE["RUS"], "break": "break in the series"},
    ),
    "natural-migration-balance": Words(
        "Births less deaths, migration, and what they add up to",
        "Per 1,000 inhabitants and year",
        "Dotted: from then on migration as published; before, it is derived from "
        "the balancing equation, in Tyumen to 2021; re-basing years have none. Deaths of Altai "
        "Krai in 2010 are missing.",
    ),
    "vital-rates": Words(
        "In {year} the Kazakh side had {births_kaz} births and {deaths_kaz} deaths, the Russian side "
        "{births_rus} and {deaths_rus}",
        "Per 1,000 inhabitants",
        "Left out: 2010, for which the deaths of six Russian regions are missing.",
    ),
    "natural-increase-regions": Words(
        "In {year} natural increase was positive in {natural_kaz} of {natural_kaz_of} Kazakh and "
        "{natural_rus} of {natural_rus_of} Russian border regions",
        "Natural increase per 1,000 inhabitants; each side from west to east",
        "Blank: no figure published by region. Hatched: below zero. * with Abai.",
    ),
    "sigma-convergence": Words(
        "How far the border regions lie apart",
        "Standard deviation over regions, in the unit of each heading",
        "CU: Customs Union. EAEU: Eurasian Economic Union.",
        {"shade": "epidemic years"},
    ),
    "national-composition": Words(
        "Ethnic composition of Kazakhstan at the censuses and in the register of {last}",
        "Share of the population, %",
    ),
    "regions-composition": Words(
        "Ethnic composition of the regions of Kazakhstan",
        "Share of those who stated a nationality, %, in order of the share of Russians",
        "Border regions in bold; * constant boundaries.",
        GROUP_LABEL,
    ),
    "russian-share-by-district": Words(
        "Where Russians live in Kazakhstan",
        "Districts and cities; area of a circle: inhabitants",
        _CREDIT,
        {"bar": "Russians, % of those who stated a nationality", "size": "inhabitants"},
    ),
    "russians-in-border-regions": Words(
        "Russians in the Kazakh border regions, as far as counts could be read",
        "Share of the population, %",
        "Dotted lines join what belongs together; between the points nothing is known.",
    ),
    "language-status": Words(
        "The status of Russian in fifteen states",
        "Status at the end of each year",
        "",
        {"assumed": "assumed"},
    ),
    "russian-medium": Words(
        "The share of pupils taught in Russian fell in {fell} of {all} states",
        "Share of pupils of general schools, %",
    ),
    "mirror-statistics": Words(
        "The same migrants, counted by two offices",
        "Thousand persons a year",
        "Dotted: from 2011 Russia counts stays of nine months.",
    ),
    "russia-partners": Words(
        "Russia’s migration with fourteen post-Soviet states",
        "Thousand persons a year; in order of volume, every panel with a scale of its own",
        "Dotted: from 2011 stays of nine months count.",
    ),
    "kazakhstan-external-migration": Words(
        "Kazakhstan’s migration with all other countries: net {net_first} thousand in {first}, "
        "{net_last} thousand in {last}",
        "Thousand persons a year",
        "Dotted: change of source in 2000.",
    ),
    "regional-balance": Words(
        "By moves inside Kazakhstan {internal} of {regions} border regions lose people, by moves abroad "
        "{external}",
        "Net migration per 1,000 inhabitants and year, {first}–{last}",
        "External migration by subtraction. Border regions in bold and blue.",
    ),
    "gravity-status": Words(
        "{flow} and the status of Russian",
        "Coefficient of the status, log points, 95 % interval",
        "",
        _LIST,
    ),
    "gravity-event-study": Words(
        "{flow} before and after a step of the status of Russian",
        "Log points a rank, against the year before the step",
        "",
        {
            "estimate": "estimate",
            "null": "middle 95 % of reassigned histories",
            "event": "the step",
            "time": "years since the step",
            "states": "states seen:",
            "earlier": "or earlier",
            "later": "or later",
        },
    ),
    "gravity-outcomes": Words(
        "The same model on six measures of the flow",
        "Log points (distance: elasticity), 95 % interval; every panel with a scale of its own",
    ),
    "gravity-anchors": Words(
        "How distance slows migration, here and in other studies",
        "Elasticity, 95 % interval",
        "Arrows: the interval goes on beyond the scale.",
        _LIST,
    ),
    "district-net-migration": Words(
        "Who gains and who loses: net migration of districts and cities",
        "All flows; area of a circle: inhabitants; cross: gain{without}",
        _CREDIT,
        {"bar": "net migration per 1,000 inhabitants and year", "size": "inhabitants"},
    ),
    "district-coefficients": Words(
        "Net migration of districts: distance to the border and share of Russians",
        "Net migrants per 1,000 inhabitants and year, 95 % interval",
        "",
        _LIST,
    ),
    "kazakh-distance-periods": Words(
        "Did distance to the border come to matter more? Kazakh regions",
        "Change of net migration per 1,000 and year for 100 km from the border, 95 % interval",
        "",
        {"base": "first period, with which the others are compared"},
    ),
    "russian-periods": Words(
        "Million-plus cities and the border: Russian regions",
        "Difference in net migration per 1,000 inhabitants and year, 95 % interval",
    ),
    "specification-status": Words(
        "Status of Russian: the interval excludes zero in {own_share} % of the models for {own} and "
        "{other_share} % for {other}",
        "Log points",
        "",
        _CURVE,
    ),
    "specification-distance": Words(
        "Distance to the border: the interval excludes zero in {distance_share} % of the models",
        "Net migrants per 1,000 inhabitants and year for 100 km, districts of Kazakhstan",
        "",
        _CURVE,
    ),
    "shopping-and-rate": Words(
        "On which side people shop: {matching} of {reports} reports fit the rate",
        "Tenge for one rouble",
        "",
        {
            "RUS": "bought in Russia",
            "KAZ": "bought in Kazakhstan",
            "above": "Kazakhstan cheaper ↑",
            "below": "Russia cheaper ↓",
            "hollow": "hollow: against the rate",
        },
    ),
    "statements-by-claim": Words(
        "Published statements on each claim",
        "Number of statements",
    ),
    "verdicts-by-variant": Words(
        "Another verdict under a variant: {changed} of the {tried} that a variant touches",
        "Verdict on each claim (rows) in the article and under each variant (columns)",
        "Source: rules of the claims and the statistics recorded for them.",
        {
            "alike": "nothing of it is the variant’s own",
            "changed": "another verdict",
            "hinges": "turns within the error of simulation or rounding",
        },
    ),
}


def words(figure: str, source: str = "", **facts: object) -> Words:
    """Words of a figure: facts in its title and unit, the source of its data before its own notes."""
    said = FIGURES[figure]
    return replace(
        said,
        title=said.title.format(**facts),
        unit=said.unit.format(**facts),
        source=f"{source} {said.source}".strip(),
    )


def positive(name: str, values: pd.Series, area: pd.DataFrame) -> dict[str, int]:
    """In how many regions of each side a value is above zero, and of how many: ``NAME_kaz``, ``NAME_kaz_of``.

    Parameters
    ----------
    values : Series
        Index unit; regions without a value are left out.
    """
    country = area["country"].reindex(values.dropna().index)
    above = values.dropna() > 0
    return {
        key: count
        for code in SIDE
        for key, count in (
            (f"{name}_{code.lower()}", int(above[country == code].sum())),
            (f"{name}_{code.lower()}_of", int((country == code).sum())),
        )
    }


def metropolises(sample: pd.DataFrame) -> dict[str, str]:
    """Which cities a sample of districts leaves out, for its map."""
    return {"without": "" if sample["metropolis"].any() else "; without Astana, Almaty and Shymkent"}


def last_rates(sides: pd.DataFrame, columns: Collection[str]) -> dict[str, object]:
    """Rates of both sides in the last year that has them all, one decimal."""
    known = sides[sides["unit"].isin(SIDE.values())].dropna(subset=list(columns))
    year = known.groupby("year").size().loc[lambda count: count == len(SIDE)].index.max()
    last = known[known["year"] == year].set_index("unit")
    rates = {
        f"{column.removesuffix('_rate')}_{code.lower()}": plain(last.loc[side, column], ".1f")
        for column in columns
        for code, side in SIDE.items()
    }
    return {"year": year, **rates}


def moments(measures: Mapping[str, pd.DataFrame], area: pd.DataFrame) -> pd.DataFrame:
    """Rows of a dumbbell chart: means of two periods (columns) by unit, in blocks by side, west to east."""
    rows = pd.concat(
        [
            means.reindex(area.index)
            .rename_axis(index="unit", columns="moment")
            .stack()
            .rename("value")
            .reset_index()
            .assign(measure=name)
            for name, means in measures.items()
        ],
        ignore_index=True,
    )
    rows = rows.assign(block=rows["unit"].map(area["country"]).map(SIDE), row=rows["unit"].map(area["name"]))
    return rows.sort_values("block", kind="stable", ignore_index=True)


def fallen(schools: pd.DataFrame) -> dict[str, int]:
    """In how many states the later share (last column) is below the earlier one, and of how many."""
    return {"fell": int((schools.iloc[:, -1] < schools.iloc[:, 0]).sum()), "all": len(schools)}


def net_first_last(flows: pd.DataFrame) -> dict[str, object]:
    """Net migration of a country in the first and the last year, thousand persons."""
    net = flows["net"].dropna()
    first, last = (plain(net.iloc[place] / 1000, "+.0f") for place in (0, -1))
    return {"first": net.index[0], "last": net.index[-1], "net_first": first, "net_last": last}


def losing(balance: pd.DataFrame, area: pd.DataFrame) -> dict[str, int]:
    """How many border regions lose people by moves inside the country and abroad, and of how many."""
    border = balance[balance.index.isin(area.index)]
    lost = {flow: int((border[f"{flow}_rate"] < 0).sum()) for flow in ("internal", "external")}
    return {"regions": len(border), **lost}


def excluding_zero(curve: Curve) -> str:
    """Percent of the estimates of a specification curve that are significant."""
    return plain(100 * curve.estimates["significant"].mean(), ".0f")


def other_verdicts(tiles: pd.DataFrame) -> dict[str, int]:
    """In how many of the tiles that a variant touches the verdict is another, and how many these are."""
    touched = ~tiles["alike"] & (tiles["variant"] != MAIN)
    return {"changed": int(tiles["changed"].sum()), "tried": int(touched.sum())}
