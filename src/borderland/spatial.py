"""Space in regressions: neighbours, Moran's I, and standard errors that allow for nearby observations."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from borderland.geo import distance_km
from borderland.inference import Covariance
from borderland.panel import Regression


def distance_matrix(lat: ArrayLike, lon: ArrayLike) -> np.ndarray:
    """Distances between all pairs of points, km, n × n; latitudes and longitudes in degrees."""
    lat, lon = np.asarray(lat, dtype=float), np.asarray(lon, dtype=float)
    if lat.shape != lon.shape or not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise ValueError("latitudes and longitudes must be as many, and none missing")
    return distance_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :])


def nearest_neighbour_weights(distance: np.ndarray, k: int) -> np.ndarray:
    """Weights 1/k on the k nearest others, n × n, rows summing to one.

    Raises
    ------
    ValueError
        If k is not between 1 and n − 1.
    """
    n = len(distance)
    if not 1 <= k < n:
        raise ValueError(f"k must lie between 1 and {n - 1}, found {k}")
    others = distance + np.diag(np.full(n, np.inf))
    nearest = np.argsort(others, axis=1, kind="stable")[:, :k]
    weights = np.zeros((n, n))
    np.put_along_axis(weights, nearest, 1 / k, axis=1)
    return weights


class Moran(NamedTuple):
    """Moran's I with its permutation test."""

    i: float
    expected: float  # under no association, −1/(n − 1)
    z: float  # against the permutations
    p: float  # two-sided
    n: int


def morans_i(values: ArrayLike, weights: np.ndarray, permutations: int = 999, seed: int = 0) -> Moran:
    """Whether near observations resemble each other more than chance has it.

    Parameters
    ----------
    values : array, n
        Values of the observations, for instance residuals of a regression.
    weights : array, n × n
        Spatial weights with an empty diagonal.
    permutations : int
        Values are dealt anew among places so many times.

    Returns
    -------
    Moran
        p = (1 + permutations at least as far from the expected value) / (1 + permutations).

    References
    ----------
    Moran (1950), *Biometrika* 37(1/2), 17–23; Cliff & Ord (1981), *Spatial Processes*, section 2.4
    (permutations).
    """
    centred = np.asarray(values, dtype=float) - np.mean(values)
    n = len(centred)
    if weights.shape != (n, n):
        raise ValueError(f"weights are {weights.shape[0]} × {weights.shape[1]}, expected {n} × {n}")
    if not centred.any():
        raise ValueError("Moran's I is not defined for values that are all the same")
    scale = n / weights.sum() / (centred @ centred)
    observed = scale * centred @ weights @ centred
    generator = np.random.default_rng(seed)
    dealt = generator.permuted(np.tile(centred, (permutations, 1)), axis=1)
    resampled = scale * np.einsum("bi,bi->b", dealt @ weights.T, dealt)
    expected = -1 / (n - 1)
    reached = np.abs(resampled - expected) >= abs(observed - expected) * (1 - 1e-9)
    z = (observed - resampled.mean()) / resampled.std()
    return Moran(float(observed), expected, float(z), float((1 + reached.sum()) / (1 + permutations)), n)


def conley_covariance(
    fit: Regression, distance: np.ndarray, cutoff_km: float, kernel: str = "bartlett"
) -> Covariance:
    """Covariance that allows for dependence between observations closer than a cutoff.

    Parameters
    ----------
    distance : array, n × n
        Distances between the observations of ``fit.frame``, in its order, km.
    cutoff_km : float
        Distance from which observations count as independent.
    kernel : {"bartlett", "uniform"}
        Weights falling linearly to zero at the cutoff, or one up to it. The uniform kernel may give a
        negative variance; that is refused.

    References
    ----------
    Conley (1999), *Journal of Econometrics* 92(1), 1–45, equation 3.12. The factor N/(N − K) is added as for
    heteroskedasticity-robust errors (HC1), to which it comes down at a cutoff of zero.
    """
    if distance.shape != (fit.n, fit.n):
        shape = f"{distance.shape[0]} × {distance.shape[1]}"
        raise ValueError(f"distances are {shape}, the fit has {fit.n} observations")
    if kernel not in ("bartlett", "uniform"):
        raise ValueError(f"kernel is 'bartlett' or 'uniform', found {kernel!r}")
    if cutoff_km > 0:
        near = distance < cutoff_km
        weights = np.where(near, 1 - distance / cutoff_km, 0) if kernel == "bartlett" else near.astype(float)
    else:
        weights = np.eye(fit.n)
    df = fit.n - len(fit.coefficients) - fit.effects.rank()
    middle = fit.scores.T @ weights @ fit.scores * fit.n / df
    matrix = fit.bread @ middle @ fit.bread
    # a variance of zero up to rounding is none either: within one large neighbourhood the scores sum to zero
    if (np.diag(middle) <= 1e-12 * np.diag(fit.scores.T @ fit.scores)).any():
        raise ValueError(
            f"the {kernel} kernel at {cutoff_km:g} km gives a negative variance: "
            "use another cutoff or the kernel 'bartlett'"
        )
    return Covariance(matrix, df, 0, f"Conley, {kernel} kernel to {cutoff_km:g} km")
