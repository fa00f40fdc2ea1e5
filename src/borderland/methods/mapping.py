"""The one place through which independent pieces of work are spread over processors or machines."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from joblib import Parallel, delayed

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int | None = None
) -> Iterator[tuple[int, Result]]:
    """Apply a function to every item; yield the item's place and its result, in the order in which they end.

    Where the work is done is joblib's setting (:class:`joblib.parallel_config`): in this process unless
    something else is set, on the processors of this machine, or on a Dask cluster. No result depends on it.

    Parameters
    ----------
    function : callable
        Of one item; it and the items travel to other processes, so they can be pickled.
    jobs : int, optional
        Processes at a time, −1 for one a processor; what is set for joblib if not given.
    """
    tasks = (delayed(_placed)(function, place, item) for place, item in enumerate(items))
    # One at a time: joblib would put short items together, and a worker idle while another does those.
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(tasks)


def _placed(function: Callable[[Item], Result], place: int, item: Item) -> tuple[int, Result]:
    return place, function(item)
