"""Space in regressions: neighbours, Moran's I, and standard errors that allow for nearby observations."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from borderland import ties
from borderland.methods.covariance import Covariance
from borderland.methods.panel import Regression
from borderland.tables.geography import distance_km

# Eigenvectors whose eigenvalues are this close, relative to the largest, are one space: a smaller gap leaves
# their directions to rounding (1e-16 over the gap), a wider one is settled to ten digits.
_ONE_SPACE = 1e-6


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
    nearest = np.argsort(ties.levels(others), axis=1, kind="stable")[:, :k]
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
    centred = np.asarray(values, dtype=float)
    centred = centred - centred.mean()
    n = len(centred)
    _refuse_shape(weights, n)
    if not centred.any():
        raise ValueError("Moran's I is not defined for values that are all the same")
    scale = n / weights.sum() / (centred @ centred)
    observed = scale * centred @ weights @ centred
    generator = np.random.default_rng(seed)
    dealt = generator.permuted(np.tile(centred, (permutations, 1)), axis=1)
    resampled = scale * np.einsum("bi,bi->b", dealt @ weights.T, dealt)
    expected = -1 / (n - 1)
    reached = ties.at_least(np.abs(resampled - expected), abs(observed - expected))
    z = (observed - resampled.mean()) / resampled.std()
    return Moran(float(observed), expected, float(z), float((1 + reached.sum()) / (1 + permutations)), n)


def spectral_reassignments(values: ArrayLike, weights: np.ndarray, draws: int, seed: int = 0) -> np.ndarray:
    """Random versions of a variable that are as smooth in space as the variable itself (n × draws).

    Values dealt anew one by one make a rough variable out of a smooth one, and its chance correlations with
    other smooth variables are too small: a null too narrow. Here the variable is taken apart into patterns
    from coarse to fine (Moran's eigenvectors), and its coordinates on each pair of successive patterns are
    turned by a random angle. Mean and variance stay as they are, Moran's I nearly so.

    Parameters
    ----------
    values : array, n
        The variable, for instance distance to the border.
    weights : array, n × n
        Spatial weights with an empty diagonal.

    References
    ----------
    Wagner & Dray (2015), *Methods in Ecology and Evolution* 6(10), 1169–1178 (Moran spectral randomisation,
    the procedure for pairs).
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    _refuse_shape(weights, n)
    centring = np.eye(n) - 1 / n
    matrix = centring @ ((weights + weights.T) / 2) @ centring
    # the constant is made the lowest pattern and left out: all others then have a mean of zero
    smoothness, found = np.linalg.eigh(matrix - np.abs(weights).sum() / n)
    patterns = canonical_basis(smoothness[:0:-1], found[:, :0:-1], values - values.mean())
    coordinates = patterns.T @ (values - values.mean())
    paired = (n - 1) // 2 * 2  # the finest pattern may lack a partner; it stays as it is
    angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, (paired // 2, draws))
    turned = coordinates[:paired].view(complex)[:, None] * np.exp(1j * angles)
    new = np.repeat(coordinates[:, None], draws, axis=1)
    new[:paired:2], new[1:paired:2] = turned.real, turned.imag
    return values.mean() + patterns @ new


def canonical_basis(eigenvalues: np.ndarray, vectors: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Eigenvectors that depend on their eigenspaces alone, not on how they were computed.

    The sign of an eigenvector, and the basis of the space of several with one eigenvalue, are whatever the
    linear algebra library makes of rounding. Here each space is spanned anew: first by the part of ``toward``
    that lies in it, then by the parts of fixed directions. A variable is thus seen from its own side, and its
    coordinates in a space are its length there, followed by zeros.

    Parameters
    ----------
    eigenvalues : array, m
        In the order of the vectors, rising or falling.
    vectors : array, n × m
        Orthonormal columns.
    toward : array, n
        A variable that tells directions apart.

    Returns
    -------
    array, n × m
        Orthonormal columns; those whose eigenvalues are equal up to ``_ONE_SPACE`` span the same space as
        before.
    """
    # dealt to the places in the order of the variable, so that the order of the rows does not matter
    fixed = np.empty_like(vectors)
    fixed[np.argsort(ties.levels(toward), kind="stable")] = np.random.default_rng(0).normal(
        size=vectors.shape
    )
    gaps = np.abs(np.diff(eigenvalues))
    ends = np.flatnonzero(gaps > _ONE_SPACE * np.abs(eigenvalues).max(initial=0)) + 1
    out = np.empty_like(vectors)
    for place in np.split(np.arange(len(eigenvalues)), ends):
        space = vectors[:, place]
        own = space.T @ toward
        # a part this small has no direction of its own: rounding would choose it
        distinct = np.linalg.norm(own) > _ONE_SPACE * np.linalg.norm(toward)
        directions = space.T @ fixed[:, place]
        if distinct:
            directions = np.column_stack([own, directions])
        orthonormal, triangle = np.linalg.qr(directions[:, : len(place)])
        out[:, place] = space @ (orthonormal * np.where(np.diag(triangle) < 0, -1.0, 1.0))
    return out


def _refuse_shape(weights: np.ndarray, n: int) -> None:
    """Raise unless there is a weight for every pair of n observations."""
    if weights.shape != (n, n):
        raise ValueError(f"weights are {weights.shape[0]} × {weights.shape[1]}, expected {n} × {n}")


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
