"""PPML and least squares against estimates that were printed, on the data they were printed from.

The ships come with statsmodels. The other files belong to their authors and are not part of this repository:
a folder that holds them is named by ``PUBLISHED_DATA`` (CONTRIBUTING.md, "Published estimates", says where
they are had), and without it these tests are skipped.
"""

import os
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from borderland.methods import covariance
from borderland.methods.panel import least_squares
from borderland.methods.ppml import ppml, separated

FOLDER = os.environ.get("PUBLISHED_DATA")
PRINTED = 0.00051  # half of the last of three printed digits


def published(name: str) -> Path:
    """Path of a file of the folder, or the test is skipped with what is missing."""
    if FOLDER is None:
        pytest.skip("PUBLISHED_DATA names no folder with the data of the published estimates")
    path = Path(FOLDER, name)
    if not path.exists():
        pytest.skip(f"the folder that PUBLISHED_DATA names holds no {name}")
    return path


# --- Santos Silva & Tenreyro (2006), Review of Economics and Statistics 88(4), 641–658 -----------------

# Tables 3 and 5, by the names in the authors' file: logarithms (OLS, positive flows), PPML with positive
# flows, PPML with all. Table 3 as reprinted by Vargas Sepúlveda, "Replicating The Log of Gravity".
TRADITIONAL = {
    "lypex": (0.938, 0.721, 0.732),
    "lypim": (0.798, 0.732, 0.741),
    "lyex": (0.207, 0.154, 0.157),
    "lyim": (0.106, 0.133, 0.135),
    "ldist": (-1.166, -0.776, -0.784),
    "border": (0.314, 0.202, 0.193),
    "comlang": (0.678, 0.751, 0.746),
    "colony": (0.397, 0.020, 0.025),
    "landl_ex": (-0.062, -0.872, -0.863),
    "landl_im": (-0.665, -0.703, -0.696),
    "lremot_ex": (0.467, 0.647, 0.660),
    "lremot_im": (-0.205, 0.549, 0.562),
    "comfrt_wto": (0.491, 0.179, 0.181),
    "open_wto": (-0.170, -0.139, -0.107),
}
WITH_EFFECTS = {
    "ldist": (-1.347, -0.770, -0.750),
    "border": (0.174, 0.352, 0.370),
    "comlang": (0.406, 0.418, 0.383),
    "colony": (0.666, 0.038, 0.079),
    "comfrt_wto": (0.310, 0.374, 0.376),
}
TABLES = {
    "table 3": (TRADITIONAL, ()),
    "table 5": (WITH_EFFECTS, ("ex_feenstra", "im_feenstra")),
}


@pytest.fixture(scope="module")
def trade() -> pd.DataFrame:
    frame = pd.read_stata(published("Log of Gravity.dta"))
    return frame.assign(**{name: frame[name].astype(float) for name in ("trade", *TRADITIONAL)})


@pytest.mark.parametrize("table", TABLES)
def test_the_log_of_gravity_is_what_was_printed(trade, table):
    printed, effects = TABLES[table]
    positive = trade[trade["trade"] > 0]
    positive = positive.assign(log_trade=np.log(positive["trade"]))
    names = list(printed)
    fits = [
        least_squares(positive, "log_trade", names, effects),
        ppml(positive, "trade", names, effects),
        ppml(trade, "trade", names, effects),
    ]
    assert [fit.n for fit in fits] == [9613, 9613, 18360]  # of 136 countries
    for column, fit in enumerate(fits):
        assert fit.coefficients.to_numpy() == pytest.approx(
            [row[column] for row in printed.values()], abs=PRINTED
        )


# --- Correia, Guimarães & Zylkin (2020), Stata Journal 20(1), 95–115 ----------------------------------


def test_accidents_of_ships_are_what_was_printed():
    """Ratios of incidence with effects of the ship and months of service as exposure, Stata manual xtpoisson.

    The data are table 6.2 of McCullagh & Nelder (1989).
    """
    source = resources.files("statsmodels.discrete.tests.results") / "ships.csv"
    with resources.as_file(source) as path:
        ships = pd.read_csv(path).dropna().astype(float)
    names = ["op_75_79", "co_65_69", "co_70_74", "co_75_79"]
    fit = ppml(ships, "accident", names, ("ship",), offset=np.log(ships["service"].to_numpy()))
    assert np.exp(fit.coefficients).to_numpy() == pytest.approx(
        [1.468831, 2.008002, 2.266930, 1.573695], abs=1e-6
    )


def test_trade_agreements_are_what_ppmlhdfe_prints():
    """A free trade agreement, with effects of exporter and importer by year and of pairs; errors by pair."""
    frame = pd.read_stata(published("EXAMPLE_TRADE_FTA_DATA.dta"))
    frame = frame[frame["category"] == "TOTAL"].astype({"isoexp": str, "isoimp": str, "trade": float})
    pair = ("isoexp", "isoimp")
    fit = ppml(frame.astype({"fta": float}), "trade", ["fta"], (("isoimp", "year"), ("isoexp", "year"), pair))
    found = covariance.cluster_covariance(fit, pair)
    assert (fit.n, found.clusters) == (5950, 1190)
    assert fit.coefficients["fta"] == pytest.approx(0.1924455, abs=5e-7)
    assert fit.deviance == pytest.approx(377332502.3, abs=0.05)
    # Stata gives a likelihood's errors by clusters without the factor (N − 1)/(N − K). Here K is the
    # agreement and the effects that pairs do not nest: 175 of importers and 170 of exporters by year.
    factor = (fit.n - 1) / (fit.n - 1 - 175 - 170)
    assert float(np.sqrt(found.matrix[0, 0] / factor)) == pytest.approx(0.0419527, abs=5e-7)


@pytest.mark.parametrize("number", range(1, 19))
def test_separation_is_what_the_authors_data_sets_say(number):
    """Data sets of Correia, Guimarães & Zylkin (2019), arXiv:1903.01633, and their column ``separated``."""
    frame = pd.read_csv(published(f"separation_datasets/{number:02d}.csv")).astype(float)
    regressors = [name for name in frame if name.startswith("x")]
    effects = tuple(name for name in frame if name.startswith("id"))
    found = separated(frame, "y", regressors, effects)
    assert found.tolist() == (frame["separated"] == 1).tolist()
