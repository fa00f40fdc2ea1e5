"""Notebooks as other people write them: the build and papermill agree, or the build refuses with a reason."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from paperbuild.project.notebook import outputs_of
from toy import make_toy, paper

pytestmark = pytest.mark.slow

POOL = """\
from multiprocessing import get_context
with get_context('{}').Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))"""
RUN = "import asyncio\nasyncio.run(asyncio.sleep(0))"
LOKY = "from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(abs)(x) for x in (-1, -2))"
THREADS = "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(2).map(abs, [-1]))"
TQDM = "import sys\nfrom tqdm import tqdm\nlist(tqdm([1, 2], bar_format='{n}', file=sys.stdout))"
DISPLAY = "from IPython.display import HTML, JSON, Latex, Markdown, clear_output, display\nHTML('<b>')"
FRAME = "import numpy as np, pandas as pd\npd.DataFrame(np.zeros((300_000, 20)))"


@dataclass(frozen=True)
class Kind:
    """A kind of notebook: its code cells, with tags after ``##``; what the build says where it refuses it."""

    name: str
    cells: tuple[str, ...]
    refusal: str = ""
    metadata: tuple[tuple[str, Any], ...] = ()
    minor: int = 5


KINDS = (
    Kind("plain", ("print('out')\n'last'", "1 / 3", "None")),
    Kind("magics", ("%%capture kept\nprint('inside')", "kept.stdout", "%precision 3", "1 / 3")),
    Kind("skipped", ("1 / 0 ## skip-execution", "1")),
    Kind("await", ("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.gather(asyncio.sleep(0, 7))",)),
    Kind("asyncio-run", (RUN, "2"), "asyncio.run() cannot be called"),
    Kind("fork", (POOL.format("fork"),)),
    Kind("spawn", (POOL.format("spawn"),)),
    Kind("forkserver", (POOL.format("forkserver"),)),
    Kind("loky", (LOKY,)),
    Kind("threads", (THREADS,)),
    Kind("tqdm", (TQDM,)),
    Kind("logging", ("import logging\nlogging.warning('said')\nlogging.getLogger('a').error('twice')",)),
    Kind("warnings", ("import warnings\nwarnings.warn('said')", "import sys\nprint('err', file=sys.stderr)")),
    Kind(
        "rich",
        (
            DISPLAY,
            "display(Markdown('*a*'), Latex('$a$'), JSON({'a': [1]}))",
            "print('gone')\nclear_output()\nprint('stays')",
            "shown = display('first', display_id='x')\nshown.update('second')",
        ),
    ),
    Kind("slowly", ("import time\nfor i in 'ab':\n    print(i)\n    time.sleep(0.5)",)),
    Kind("large", ("print('x' * 1_000_000)", FRAME)),
    # Papermill knows no such tag either.
    Kind("tags", ("1 / 0 ## raises-exception", "3"), "ZeroDivisionError"),
    Kind("old", ("1",), minor=2),
    Kind("colab", ("1",), metadata=(("colab", {"provenance": []}), ("accelerator", "GPU"))),
    Kind("databricks", ("1",), metadata=(("application/vnd.databricks.v1+notebook", {"widgets": {}}),)),
    Kind("use", ("import matplotlib\nmatplotlib.use('svg')\nmatplotlib.get_backend()",)),
    Kind("shell", ("!false", "1"), "CalledProcessError"),
    Kind("shell-kept", ("lines = !false", "1"), "CalledProcessError"),
    Kind("shell-0", ("!true",), "runs "),
    Kind("bash", ("%%bash\nexit 3",), "CalledProcessError"),
    Kind("bash-0", ("%%bash\necho said",), "runs bash"),
    Kind("input", ("input('name?')",), "StdinNotImplementedError"),
    Kind("exit-0", ("import sys\nsys.exit(0)", "1"), "sys.exit() ends the notebook"),
    Kind("exit-1", ("import sys\nsys.exit(1)", "1"), "SystemExit"),
    Kind("interrupt", ("raise KeyboardInterrupt",), "KeyboardInterrupt"),
    Kind("syntax", ("1 +",), "SyntaxError"),
    Kind("no-magic", ("%nosuchmagic",), "UsageError"),
    Kind("writes", ("%%writefile data/new.csv\na",), "writes data/new.csv"),
    Kind("raises", ("raise ValueError('the reason')", "1"), "ValueError: the reason"),
)  # fmt: skip
AGREEING = [kind for kind in KINDS if not kind.refusal]
REFUSED = [kind for kind in KINDS if kind.refusal]


def document(kind: Kind) -> dict[str, Any]:
    """Return the notebook of a kind."""
    cells = []
    for number, cell in enumerate(kind.cells):
        source, _, tags = cell.partition(" ## ")
        about = {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}
        about |= {"metadata": {"tags": tags.split()} if tags else {}}
        cells.append(about | ({"id": f"c{number}"} if kind.minor >= 5 else {}))
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, **dict(kind.metadata)}
    return {"nbformat": 4, "nbformat_minor": kind.minor, "metadata": metadata, "cells": cells}


def name(kind: Kind) -> str:
    return f"{10 + KINDS.index(kind)}-{kind.name}"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Any]], str]:
    """What one build of all kinds kept of each notebook that ran, and what it said."""
    root = make_toy(tmp_path_factory.mktemp("others") / "toy")
    (root / "analysis/parameters.yml").write_text("notebooks: {}\n")
    for path in (root / "analysis").glob("*.ipynb"):
        path.unlink()
    for kind in KINDS:
        (root / f"analysis/{name(kind)}.ipynb").write_text(json.dumps(document(kind)), encoding="utf-8")
    said = paper(root, "build", "--to=").stderr
    kept = {}
    for path in (root / "build/store").glob("*/files/results.json"):
        notebook = json.loads(path.read_text(encoding="utf-8"))["notebook"]
        kept[notebook] = json.loads(path.with_name("outputs.json").read_text(encoding="utf-8"))
    return kept, said


@pytest.mark.parametrize("kind", AGREEING, ids=lambda kind: kind.name)
def test_papermill_gives_the_same_outputs(
    ours: tuple[dict[str, list[Any]], str], kind: Kind, tmp_path: Path
) -> None:
    import nbformat
    from papermill import execute_notebook

    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    source.write_text(json.dumps(document(kind)), encoding="utf-8")
    execute_notebook(source, target, progress_bar=False, cwd=tmp_path)
    theirs = outputs_of(nbformat.read(target, as_version=4))
    assert name(kind) in ours[0], ours[1]
    assert [one["outputs"] for one in ours[0][name(kind)]] == [one["outputs"] for one in theirs]


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.name)
def test_what_is_refused_is_refused_with_its_reason(
    ours: tuple[dict[str, list[Any]], str], kind: Kind
) -> None:
    assert name(kind) not in ours[0]
    [told] = [part for part in ours[1].split("\npaper: ") if part.startswith(f"{name(kind)} ›")]
    assert kind.refusal in told
    assert "remedy:" in told
