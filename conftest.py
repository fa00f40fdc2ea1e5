"""What holds for every test of this repository: a process computes on one core, compiled code is kept."""

import os
from pathlib import Path

from paperbuild.ground.bytecode import keep_bytecode
from paperbuild.ground.surroundings import FIXED

# Before numpy is loaded. Threads of the linear algebra that wait for one another while each core runs a test
# of its own cost up to twenty times what is computed; kernels have one thread too.
os.environ.update({name: value for name, value in FIXED.items() if name.endswith("_THREADS")})

# Where the environment forbids bytecode beside the sources, each command and kernel that a test starts would
# compile all the libraries it imports, for seconds: they keep it where the article's own build does.
keep_bytecode(["--project", str(Path(__file__).parent)])
