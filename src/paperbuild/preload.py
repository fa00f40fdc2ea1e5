"""What every kernel loads before its first cell; the fork server imports this once for all of them."""

import ipykernel.debugger
import ipykernel.ipkernel
import ipykernel.kernelapp  # noqa: F401
from jupyter_client.localinterfaces import localhost

# Asks the system for its network interfaces (0.2 s); the answer is remembered and comes along with a fork.
localhost()
