"""The tasks of `paper bench --scale`; see borderland.study.scale."""

import sys

from borderland.study.scale import main

print(main(sys.argv[1:]))
