"""Moran's I against esda and the formula by hand; Conley errors against their limits."""

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
from esda.moran import Moran
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import KNN, full2W

from borderland.methods import covariance, spatial
from borderland.methods.panel import least_squares


def places(n: int = 40, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"lat": draw.uniform(45, 55, n), "lon": draw.uniform(50, 80, n), "x": draw.normal(size=n)}
    )
    frame["y"] = frame["x"] + 0.3 * frame["lat"] + draw.normal(size=n)
    return frame.assign(region=np.arange(n) % 5)


def test_a_degree_of_latitude_is_111_km():
    distance = spatial.distance_matrix([50, 51], [60, 60])
    assert distance[0, 1] == pytest.approx(111.2, abs=0.1)  # the ellipsoid's degree at 50.5° north, to 0.1 km
    assert (np.diag(distance) == 0).all()


def test_missing_coordinates_are_refused():
    with pytest.raises(ValueError, match="none missing"):
        spatial.distance_matrix([50, np.nan], [60, 60])


def smooth_world(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Weights of n places, and the square root of a covariance that falls over 1,000 km."""
    frame = places(n)
    distance = spatial.distance_matrix(frame["lat"], frame["lon"])
    return spatial.nearest_neighbour_weights(distance, 6), np.linalg.cholesky(np.exp(-distance / 1000))


@pytest.mark.parametrize("n", [80, 81])  # an even and an odd number of patterns
def test_reassignments_keep_mean_variance_and_smoothness(n):
    weights, root = smooth_world(n)
    values = 3 + root @ np.random.default_rng(1).normal(size=n)
    dealt = spatial.spectral_reassignments(values, weights, 50, seed=2)
    assert dealt.shape == (n, 50)
    assert dealt.mean(axis=0) == pytest.approx(np.full(50, values.mean()), rel=1e-10)
    assert dealt.std(axis=0) == pytest.approx(np.full(50, values.std()), rel=1e-10)
    smoothness = [spatial.morans_i(column, weights, 9).i for column in dealt.T]
    # eigenvalues of successive patterns differ by a few hundredths; values dealt one by one would give 0
    assert smoothness == pytest.approx(np.full(50, spatial.morans_i(values, weights, 9).i), abs=0.05)
    assert np.abs(np.corrcoef(values, dealt.T)[0, 1:]).min() < 0.1  # and yet they are other variables


def test_reassignments_keep_the_size_of_a_test_that_dealing_values_loses():
    """Two smooth variables that have nothing to do with each other, 100 times: how often is p below 0.05?"""
    weights, root = smooth_world(60)
    generator = np.random.default_rng(3)

    def correlation(y, x):
        return np.abs(np.corrcoef(y, x.T)[0, 1:])

    rejected = {"spectral": 0, "dealt": 0}
    for seed in range(100):
        x, y = (root @ generator.normal(size=60) for _ in range(2))
        candidates = {
            "spectral": spatial.spectral_reassignments(x, weights, 39, seed),
            "dealt": generator.permuted(np.tile(x, (39, 1)), axis=1).T,
        }
        observed = abs(np.corrcoef(x, y)[0, 1])
        for name, versions in candidates.items():
            rejected[name] += (1 + (correlation(y, versions) >= observed).sum()) / 40 <= 0.05
    assert rejected["spectral"] <= 14  # of 100: five expected, and the method holds the size only roughly
    assert rejected["dealt"] > 30


def another_library(matrix):
    """Eigenvectors as another linear algebra library may give them: other signs, other bases where it may."""
    values, vectors = EIGH(matrix)
    generator = np.random.default_rng(5)
    vectors = vectors * generator.choice([-1.0, 1.0], len(values))
    for place in np.split(np.arange(len(values)), np.flatnonzero(np.diff(values) > 1e-9) + 1):
        turn = np.linalg.qr(generator.normal(size=(len(place), len(place))))[0]
        vectors[:, place] = vectors[:, place] @ turn
    return values, vectors


EIGH = np.linalg.eigh
RING = np.roll(np.eye(30), 1, axis=1) + np.roll(np.eye(30), -1, axis=1)  # every eigenvalue but two is double


@pytest.mark.parametrize("world", ["smooth", "ring", "ring and an even variable"])
def test_reassignments_do_not_depend_on_signs_and_bases_of_eigenvectors(world, monkeypatch):
    if world == "smooth":
        weights, root = smooth_world(60)
        values = root @ np.random.default_rng(1).normal(size=60)
    else:
        weights, values = RING, np.random.default_rng(1).normal(size=30)
    if world == "ring and an even variable":  # no part in half of the patterns
        values = np.cos(2 * np.pi * np.arange(30) / 30) + np.cos(6 * np.pi * np.arange(30) / 30)
    ours = spatial.spectral_reassignments(values, weights, 20, seed=2)
    monkeypatch.setattr(np.linalg, "eigh", another_library)
    theirs = spatial.spectral_reassignments(values, weights, 20, seed=2)
    # 1e-16 over the smallest gap between spaces (1e-6 of the largest eigenvalue)
    assert theirs == pytest.approx(ours, abs=1e-9)


def test_reassignments_go_with_their_places_when_rows_are_given_in_another_order():
    weights, root = smooth_world(60)
    values = root @ np.random.default_rng(1).normal(size=60)
    order = np.random.default_rng(2).permutation(60)
    one = spatial.spectral_reassignments(values, weights, 20, seed=2)
    other = spatial.spectral_reassignments(values[order], weights[np.ix_(order, order)], 20, seed=2)
    assert other == pytest.approx(one[order], abs=1e-9)  # as above


def test_canonical_basis_spans_the_same_spaces():
    values, vectors = np.linalg.eigh(RING)
    basis = spatial.canonical_basis(values, vectors, np.arange(30.0))
    # products of 30 terms of order one
    assert basis.T @ basis == pytest.approx(np.eye(30), abs=1e-12)
    assert basis.T @ RING @ basis == pytest.approx(np.diag(values), abs=1e-12)


def test_reassignments_refuse_weights_of_another_size():
    with pytest.raises(ValueError, match="weights are 3 × 3, expected 4 × 4"):
        spatial.spectral_reassignments([1, 2, 3, 4], np.ones((3, 3)), 9)


def test_morans_i_by_hand():
    # A row of four places, neighbours share a border: values 1, 2, 3, 4 have deviations ±1.5, ±0.5 and
    # I = (4/6) × 2 × (0.75 − 0.25 + 0.75) / 5 = 1/3.
    weights = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)
    assert spatial.morans_i([1, 2, 3, 4], weights).i == pytest.approx(1 / 3)


def test_morans_i_equals_esda():
    frame = places()
    distance = spatial.distance_matrix(frame["lat"], frame["lon"])
    weights = spatial.nearest_neighbour_weights(distance, 5)
    ours = spatial.morans_i(frame["y"], weights, 999, seed=1)
    np.random.seed(1)
    theirs = Moran(frame["y"].to_numpy(), full2W(weights), transformation="O", permutations=999)
    assert ours.i == pytest.approx(theirs.I, rel=1e-10)
    assert ours.expected == pytest.approx(theirs.EI)
    assert ours.z == pytest.approx(theirs.z_sim, rel=0.15)  # two samples of 999 permutations


def test_nearest_neighbours_equal_libpysal():
    draw = np.random.default_rng(0)
    points = draw.uniform(size=(30, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    theirs = KNN.from_array(points, k=4).full()[0] / 4
    assert (spatial.nearest_neighbour_weights(distance, 4) == theirs).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 1e6), st.floats(-1e3, 1e3))
def test_scale_and_origin_of_values_do_not_matter(scale, origin):
    frame = places()
    weights = spatial.nearest_neighbour_weights(spatial.distance_matrix(frame["lat"], frame["lon"]), 3)
    one = spatial.morans_i(frame["y"], weights, 99)
    other = spatial.morans_i(scale * frame["y"] + origin, weights, 99)
    # Values of 0.1 beside an origin of a thousand lose four digits to rounding.
    assert other.i == pytest.approx(one.i, rel=1e-6)
    assert other.p == one.p


@pytest.mark.parametrize(
    ("values", "message"), [(np.ones(40), "all the same"), (np.arange(3.0), "40 × 40, expected 3")]
)
def test_what_has_no_moran_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        spatial.morans_i(values, np.ones((40, 40)))


# --- Conley ------------------------------------------------------------------------------------------


def test_no_reach_gives_robust_errors():
    frame = places()
    fit = least_squares(frame, "y", ["x"])
    conley = spatial.conley_covariance(fit, spatial.distance_matrix(frame["lat"], frame["lon"]), 0)
    # The same products, summed in another order.
    assert conley.matrix == pytest.approx(covariance.robust_covariance(fit).matrix, rel=1e-12)


def test_uniform_kernel_within_blocks_is_clustering():
    # Distance 0 inside a region and infinite between regions: Conley's sum is the clustered one.
    frame = places()
    fit = least_squares(frame, "y", ["x"])
    apart = np.where(frame["region"].to_numpy()[:, None] == frame["region"].to_numpy(), 0, 1e9)
    ours = spatial.conley_covariance(fit, apart, 100, "uniform").matrix[0, 0] * (fit.n - 2) / fit.n
    theirs = (
        pf.feols("y ~ x", frame, vcov={"CRV1": "region"}, ssc=pf.ssc(k_adj=False, G_adj=False)).se()["x"] ** 2
    )
    # Two solvers of one linear problem.
    assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("kernel", ["bartlett", "uniform"])
def test_sum_over_pairs_written_out(kernel):
    frame = places(12)
    fit = least_squares(frame, "y", ["x"])
    distance = spatial.distance_matrix(frame["lat"], frame["lon"])
    total = 0.0
    for i in range(12):
        for j in range(12):
            if distance[i, j] < 400:
                weight = 1 - distance[i, j] / 400 if kernel == "bartlett" else 1
                total += weight * fit.scores[i, 0] * fit.scores[j, 0]
    expected = fit.bread[0, 0] ** 2 * total * 12 / 10
    assert spatial.conley_covariance(fit, distance, 400, kernel).matrix[0, 0] == pytest.approx(expected)


def test_what_conley_cannot_take_is_refused():
    frame = places()
    fit = least_squares(frame, "y", ["x"])
    distance = spatial.distance_matrix(frame["lat"], frame["lon"])
    with pytest.raises(ValueError, match="kernel is 'bartlett' or 'uniform'"):
        spatial.conley_covariance(fit, distance, 100, "gauss")
    with pytest.raises(ValueError, match="3 × 3, the fit has 40"):
        spatial.conley_covariance(fit, distance[:3, :3], 100)
    with pytest.raises(ValueError, match="negative variance"):  # all pairs: the scores sum to zero
        spatial.conley_covariance(fit, np.zeros((40, 40)), 1, "uniform")
    with pytest.raises(ValueError, match="k must lie between 1 and 39"):
        spatial.nearest_neighbour_weights(distance, 40)
