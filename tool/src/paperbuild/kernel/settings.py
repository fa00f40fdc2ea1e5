"""What a kernel process must know about its step; it travels as JSON or through a fork."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class KernelSettings:
    """What a kernel process must know about its step.

    Attributes
    ----------
    step : str
        Name of the notebook; seeds the global random generators.
    root : str
        Project root, the working directory of the notebook.
    staging : str
        Folder for artefacts and the kernel's report.
    readable : tuple of str
        Files of the project the step may read, besides its modules.
    modules : tuple of str
        Source files of the project the step is known to import.
    folders : tuple of str
        Folders whose content it may list, because all of it is declared.
    results : mapping of str to str
        Recorded results of other notebooks it may read.
    epoch : int
        ``SOURCE_DATE_EPOCH`` for the process.
    memory_limit : int
        Bytes of memory the process may hold; 0 for no limit.
    outside : tuple of str
        What it declares to take from where nothing is watched: ``network``, ``programs``, ``clock``.
    cluster : str
        Address of the Dask scheduler that does what the notebook maps; empty for this process.
    language : str
        The language of the article.
    editions : mapping of str to str
        By the language of each further edition, the file of its phrases.
    """

    step: str
    root: str
    staging: str
    readable: tuple[str, ...]
    modules: tuple[str, ...]
    results: Mapping[str, str]
    epoch: int
    memory_limit: int = 0
    folders: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    cluster: str = ""
    language: str = ""
    editions: Mapping[str, str] = field(default_factory=dict)
