"""What ``quarto render`` runs first: it brings figures, tables and numbers up to date.

Run as a plain script by whatever Python Quarto finds, so it imports nothing of the project; where that Python
lacks the project, `.venv` is set up and used.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Return the exit code of the pipeline; 0 at once where `paper build` itself has started Quarto."""
    if os.environ.get("PAPERBUILD_OWNER"):  # set by paperbuild.render.quarto
        return 0
    python = sys.executable
    if subprocess.run([python, "-c", "import paperbuild"], capture_output=True, cwd=ROOT).returncode:
        set_up = subprocess.run(["make", "--silent", ".venv/.paper"], cwd=ROOT).returncode
        if set_up:
            return set_up
        python = str(ROOT / ".venv" / "bin" / "python")
    return subprocess.run([python, "-m", "paperbuild", "build", "--no-render"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
