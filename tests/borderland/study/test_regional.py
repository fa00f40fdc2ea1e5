"""Samples of districts and regions from the real tables, and how periods and curves are built from them."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from borderland.methods import rates, resampling, spatial, specification
from borderland.study import bases, curves, regional, scale
from borderland.tables import data, geography

NAMES = {
    "districts": "districts",
    "migration": "district_migration",
    "population": "district_population",
    "vital": "district_vital",
    "ethnicity": "district_ethnicity",
    "regions": "regions",
}


@pytest.fixture(scope="module")
def tables():
    return {key: data.load(name) for key, name in NAMES.items()} | {"border": geography.boundaries("border")}


@pytest.fixture(scope="module")
def everything(tables):
    return regional.district_sample(**tables, years=(2023, 2024), chosen="all")


def test_districts_have_plausible_values(everything):
    assert len(everything) == 198
    assert everything["russian_share_10"].between(0, 10).all()
    assert everything["distance_km"].between(0, 1500).all()
    assert everything.loc[everything["metropolis"] == 1, "name"].str.contains("whole city").sum() == 3
    petropavl = everything[everything["name"] == "Petropavl"].iloc[0]
    assert petropavl["distance_km"] == pytest.approx(47, abs=10)  # centre of the polygon, not of the town


def test_sets_of_districts_nest(everything, tables):
    sizes = {
        name: len(regional.district_subset(everything, tables["regions"], name))
        for name in regional.DISTRICT_SETS
    }
    assert sizes["all"] == sizes["without-metropolises"] + 3
    assert sizes["districts-only"] < sizes["without-metropolises"]
    with pytest.raises(ValueError, match="set of districts is one of"):
        regional.district_subset(everything, tables["regions"], "villages")


def test_rate_is_per_year_and_person(tables):
    both = regional.district_sample(**tables, years=(2023, 2024)).set_index("area")
    area = "KZ111000"  # Kokshetau, unchanged
    net = tables["migration"][tables["migration"]["district"] == area]["net"].sum()
    persons = tables["population"][tables["population"]["district"] == area]["persons"].sum()
    assert both.loc[area, "net_rate"] == pytest.approx(1000 * net / persons)
    assert both.loc[area, "persons"] == pytest.approx(persons / 2)  # inhabitants, not persons times years


@pytest.mark.parametrize("chosen", regional.DISTRICT_SETS)
@pytest.mark.parametrize("error", regional.DISTRICT_ERRORS)
def test_every_set_and_error_type_can_be_fitted(everything, tables, chosen, error):
    sample = regional.district_subset(everything, tables["regions"], chosen)
    fitted, moran = regional.district_results(sample, chosen, error, 300, 4, 19, 0)
    assert fitted["se"].gt(0).all()
    assert list(moran.index) == list(regional.district_models(chosen))


def test_three_p_values_of_districts_are_those_of_their_methods(everything, tables):
    sample = regional.district_subset(everything, tables["regions"], "without-metropolises")
    fitted, _ = regional.district_results(sample, "without-metropolises", "conley", 200, 6, 19, 0)
    found = regional.district_tests(sample, "without-metropolises", fitted, 6, 199, 7)
    row = found[(found["term"] == "distance_100km") & (found["model"] == "All controls, within regions")]
    model = regional.district_model("without-metropolises", regions=True)
    wild = resampling.wild_cluster_bootstrap(model, sample, "distance_100km", "unit", 199, 7)
    assert row["p_wild"].item() == wild.p
    # the randomisation by least squares anew with each reassigned distance, errors clustered by region
    weights = spatial.nearest_neighbour_weights(spatial.distance_matrix(sample["lat"], sample["lon"]), 6)
    dealt = spatial.spectral_reassignments(sample["distance_100km"], weights, 199, 7)

    def t(distance) -> float:
        data = sample.assign(distance_100km=distance)
        formula = "net_rate ~ distance_100km + russian_share_10 + natural_rate + city + C(unit)"
        groups = {"groups": pd.factorize(data["unit"])[0]}
        return smf.ols(formula, data).fit(cov_type="cluster", cov_kwds=groups).tvalues["distance_100km"]

    reached = sum(abs(t(column)) >= abs(t(sample["distance_100km"])) for column in dealt.T[:60])
    expected = found.loc[row.index[0], "p_smooth"]
    assert reached / 60 == pytest.approx(expected, abs=3 * (0.25 / 60) ** 0.5)  # sixty of the 199 draws


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="controls is one of"):
        regional.district_model("all", "some")
    with pytest.raises(ValueError, match="error type is one of clustered"):
        regional.panel_covariance(None, "robust")


# --- periods -----------------------------------------------------------------------------------------


def years(first=2000, last=2009) -> pd.DataFrame:
    frame = pd.DataFrame({"year": np.arange(first, last + 1)})
    return frame.assign(x=np.arange(1.0, len(frame) + 1))


def test_periods_share_out_a_column():
    split, names = regional.by_period(years(), ["x"], [2000, 2004, 2009], base=False)
    assert list(names.values()) == [("x", "2000–2003"), ("x", "2004–2008"), ("x", "2009")]
    assert split[list(names)].sum(axis=1).tolist() == split["x"].tolist()


def test_the_base_period_has_no_column():
    _, names = regional.by_period(years(), ["x"], [2000, 2005], base=True)
    assert list(names.values()) == [("x", "2005–2009")]


@pytest.mark.parametrize("starts", [[2005, 2000], [2003], [2000, 2000]])
def test_periods_must_ascend_from_the_first_year(starts):
    with pytest.raises(ValueError, match="periods must ascend"):
        regional.by_period(years(), ["x"], starts, base=False)


def test_region_panel_joins_the_labour_market(tables):
    regions, economy = tables["regions"], data.load("economy")
    units = regions.loc[regions["boundary"] == "constant-16", "unit"]
    parts = (data.load(name) for name in ("population", "vital_events", "net_migration", "russian_regions"))
    by_year = rates.rates(bases.components(*parts, units))
    panel = regional.region_panel(
        by_year, regions, tables["border"], economy[economy["boundary"] == "constant-16"], 2010, 2015
    )
    assert panel["unit"].nunique() == 16
    north = panel[panel["unit"] == "KZ-SEV"]
    assert north["border"].eq(1).all()
    assert north["distance_100km"].iloc[0] < 1
    assert set(panel["origin"]) == {"published", "residual"}
    with pytest.raises(ValueError, match="no net migration between 1800 and 1801"):
        regional.region_panel(by_year, regions, tables["border"], economy, 1800, 1801)


# --- curves ------------------------------------------------------------------------------------------


def test_distance_curve_runs_on_a_corner_of_its_grid(tables):
    samples = curves.distance_samples(tables)
    evaluate = curves.DistanceCurve(samples, 200, 29, 0)
    choices = pd.DataFrame(
        [curves.DISTANCE_MAIN, {**curves.DISTANCE_MAIN, "errors": "robust", "effects": "region"}]
    )
    result = specification.run(choices, evaluate)
    assert result.left_out.empty
    assert result.null_t.shape == (2, 29)
    row, _ = specification.place(result, curves.DISTANCE_MAIN)
    sample = samples[("both", "without metropolises")]
    fit = regional.district_model("without-metropolises").fit(sample)
    assert result.estimates.loc[row, "estimate"] == pytest.approx(fit.coefficients["distance_100km"])


def test_reassigned_distances_stay_with_their_districts(tables):
    samples = curves.distance_samples(tables)
    evaluate = curves.DistanceCurve(samples, 200, 3, 0)
    choice = curves.DISTANCE_MAIN
    sample = samples[("both", "without metropolises")].set_index("area")
    moved = sample.assign(distance_100km=evaluate.reassigned.loc[sample.index, 0]).reset_index()
    refitted = regional.district_model("without-metropolises").fit(moved).coefficients["distance_100km"]
    null = evaluate(choice, specification.Shared(), 0).null_estimate
    assert null[0] == pytest.approx(refitted, rel=1e-8)  # one step is exact in OLS


def test_an_area_without_people_in_one_of_the_years_is_left_out(tables):
    population = tables["population"]
    lost = population[(population["year"] == 2024) & (population["district"] == "KZ101000")].index
    sample = regional.district_sample(
        **(tables | {"population": population.drop(index=lost)}), years=(2023, 2024), chosen="all"
    )
    assert "KZ101000" not in set(sample["area"])
    assert "KZ101000" in sample.attrs["left_out"]


def test_status_curve_leaves_out_what_has_no_variation():
    names = {"migration": "migration_partners", "dyads": "dyads", "status": "russian_status"}
    names |= {"controls": "country_controls", "stock": "migrant_stock"}
    panels = curves.status_panels({key: data.load(name) for key, name in names.items()}, lag=1)
    evaluate = curves.StatusCurve(panels, 19, 0)
    fixed = {**curves.STATUS_MAIN, "years": "from 2011", "status": "official or not"}
    result = specification.run(pd.DataFrame([curves.STATUS_MAIN, fixed]), evaluate)
    assert len(result.estimates) == 1
    assert "favoured" in result.left_out["reason"].iloc[0]  # no state changes it after 2001
    assert not curves.status_possible({**curves.STATUS_MAIN, "controls": "all"})
    # fourteen states are few clusters
    assert 0 < result.estimates["p_wild"].iloc[0] <= 1


def test_a_curve_of_the_status_holds_no_sample_twice():
    names = {"migration": "migration_partners", "dyads": "dyads", "status": "russian_status"}
    names |= {"controls": "country_controls", "stock": "migrant_stock"}
    panels = curves.status_panels({key: data.load(name) for key, name in names.items()}, lag=1)
    evaluate = curves.StatusCurve(panels, 1, 0)
    grid = specification.grid(curves.STATUS_OPTIONS, curves.status_possible)
    one_each = grid[grid["direction"] == "arrivals"].drop_duplicates(["states", "years"])
    rows = [tuple(evaluate.sample(choice).index) for choice in one_each.to_dict("records")]
    assert len(set(rows)) == len(rows) == 8  # of nine, two hold the same rows


def test_estimates_of_the_curve_are_those_of_statsmodels():
    grid, evaluate = scale.status_curve(1)
    some = grid.iloc[::25]
    result = specification.run(some, evaluate, batch=curves.STATUS_BATCH)
    untested = specification.run(some, curves.StatusCurve(evaluate.panels, 0, 0))
    for place, choice in enumerate(result.choices.to_dict("records")):
        frame = evaluate.sample(choice)
        estimate, se = scale.statsmodels_estimate(evaluate.model(choice), frame, "state")
        for found in (result.estimates.iloc[place], untested.estimates.iloc[place]):
            assert found["estimate"] == pytest.approx(estimate, abs=1e-8)  # to which an iteration settles
            assert scale.standard_error(found, frame) == pytest.approx(se, abs=1e-8)
    assert untested.estimates[["t", "p_wild"]].isna().all(axis=None)


def test_work_that_specifications_share_changes_no_result(tables):
    samples = curves.distance_samples(tables)
    evaluate = curves.DistanceCurve(samples, 200, 9, 0)
    some = [curves.DISTANCE_MAIN | {"errors": kind} for kind in curves.DISTANCE_OPTIONS["errors"]]
    alone, shared = (
        specification.run(pd.DataFrame(some), evaluate, batch=batch) for batch in ((), curves.DISTANCE_BATCH)
    )
    pd.testing.assert_frame_equal(alone.estimates, shared.estimates)
    np.testing.assert_array_equal(alone.null_t, shared.null_t)
    assert alone.estimates["p_wild"].notna().tolist() == [
        False,
        True,
        False,
    ]  # one type has clusters


# --- records that the text quotes ---------------------------------------------------------------------


def coefficients(models: list[str], terms: list[str]) -> pd.DataFrame:
    """Rows as the fits give them, all different."""
    rows = [{"model": model, "term": term} for model in models for term in terms]
    frame = pd.DataFrame(rows)
    steps = np.arange(1.0, len(rows) + 1)
    return frame.assign(estimate=steps, low=steps - 0.5, high=steps + 0.5, p=steps / 100, se=0.25, df=100.0)


def test_records_of_districts_take_the_right_rows(everything):
    models = ["Distance alone", "All controls", "All controls, within regions"]
    fitted = coefficients(models, ["distance_100km", "russian_share_10"])
    tests = pd.DataFrame(
        [(model, term) for term in ("distance_100km", "russian_share_10") for model in models[1:]],
        columns=["model", "term"],
    )
    tests = tests.assign(p_wild=[0.1, 0.2, 0.3, 0.4], p_smooth=[0.5, 0.6, 0.7, 0.8])
    distance, share = regional.border_distance(fitted, tests), regional.russian_share(fitted, tests)
    assert (distance.distance_p_wild, distance.distance_within_p_smooth) == (0.1, 0.6)
    assert (share.russian_share_p_smooth, share.russian_share_within_p_wild) == (0.7, 0.4)
    assert (distance.distance_alone.value, distance.distance.value, distance.distance_within.value) == (
        1,
        3,
        5,
    )
    assert (share.russian_share.low, share.russian_share_within.p) == (3.5, 0.06)
    assert distance.detectable == pytest.approx(0.25 * 2.83, abs=0.01)  # 2.83 at 100 degrees of freedom
    moran = pd.DataFrame({"i": [0.1, 0.2], "p": [0.3, 0.4]}, index=models[1:])
    summary = regional.district_summary(everything, fitted, moran, 200.0)
    assert summary.n == len(everything)
    assert summary.city is None
    assert (summary.moran.value, summary.moran_within.p) == (0.1, 0.4)
    assert summary.losing_share == 100 * (everything["net_rate"] < 0).sum() / len(everything)


def test_regions_with_a_million_are_counted_at_the_border_of_late_only():
    units = {"A": (1, 1, -2.0), "B": (1, 1, 1.0), "C": (0, 1, -3.0), "D": (1, 0, 5.0), "E": (0, 0, 0.5)}
    rows = [
        {
            "unit": unit,
            "year": year,
            "million_plus": m,
            "border": b,
            "migration_rate": rate + (year == 2009) * 9,
        }
        for unit, (m, b, rate) in units.items()
        for year in (2009, 2010, 2011)
    ]
    samples = ["all regions", "without Moscow and Saint Petersburg"]
    periods = coefficients(samples, ["million_plus", "border"]).rename(columns={"model": "sample"})
    found = regional.million_plus(
        pd.DataFrame(rows),
        periods.assign(period="2010–2021"),
        dict(zip("ABCDE", "abcde", strict=True)),
        "clustered",
    )
    assert (found.border_million, found.border_million_losing, found.border_other) == (2, 1, 1)
    assert found.border_million_losing_names == "a"
    assert found.border_million_mean == pytest.approx(-0.5)  # the year 2009 is none of the recent ones
    assert (found.million_last_period.value, found.million_without_capitals.value) == (1, 3)


def test_a_curve_is_summed_up_with_the_place_of_the_main_specification():
    choices = pd.DataFrame({"a": ["x", "y", "z"]})
    estimates = pd.DataFrame(
        {"estimate": [-1.0, 1.0, 3.0], "t": [-3.0, 0.5, 3.0], "significant": [True, False, True]}
    ).assign(one_step=[-1.0, 1.0, 3.0], p_wild=[0.3, np.nan, 0.01], wild_significant=[False, False, True])
    null = np.zeros((3, 9))
    curve = specification.Curve(choices, estimates, null, null, np.full(3, 2.0), choices.iloc[:0])
    found = curves.summary(curve, {"a": "y"})
    assert (found.n, found.left_out, found.median.value, found.lowest, found.highest) == (3, 0, 1, -1, 3)
    assert (found.significant_negative, found.significant_positive, found.main) == (1, 1, 1)
    assert found.distinct == 3
    assert found.main_percentile == pytest.approx(200 / 3)
    assert (found.wild_n, found.wild_negative, found.wild_positive, found.wild_lowest_p) == (2, 0, 1, 0.01)
    assert (found.strongest, found.strongest_share) == ("a", pytest.approx(100))  # the only dimension
    assert found.median.p == 0.1  # none of nine draws, and the data themselves
