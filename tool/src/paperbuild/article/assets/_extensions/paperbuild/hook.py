"""What `quarto render` runs around its own work: results before it; after it, what its documents lack, and
the notebooks' pages.

Run as a plain script by whatever Python Quarto finds, so it imports nothing of the project; where that Python
lacks the project, `.venv` is set up and used.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path.cwd()  # Quarto runs it in the project's folder.
STEPS = {"before": ["paperbuild", "build", "--no-render"], "after": ["paperbuild.article.quarto"]}


def main(step: str) -> int:
    """Return the exit code of the step; 0 at once where `paper build` itself has started Quarto."""
    if os.environ.get("PAPERBUILD_OWNER"):  # set by paperbuild.article.quarto
        return 0
    python = sys.executable
    if subprocess.run([python, "-c", "import paperbuild"], capture_output=True, cwd=ROOT).returncode:
        set_up = subprocess.run(["make", "--silent", ".venv/.paper"], cwd=ROOT).returncode
        if set_up:
            return set_up
        python = str(ROOT / ".venv" / "bin" / "python")
    return subprocess.run([python, "-m", *STEPS[step]], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
