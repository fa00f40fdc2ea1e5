"""jupyter_client's way of being told to fork a kernel instead of starting a program."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any, cast

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from paperbuild.kernel.inside import forked
from paperbuild.kernel.settings import KernelSettings
from paperbuild.kernel.warm import fork


class _ForkedProcess:
    """A forked kernel with the face of ``subprocess.Popen`` that jupyter_client's provisioner expects."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkProvisioner(LocalProvisioner):
    """Starts kernels by forking a server that has the heavy libraries imported already.

    Registered under ``jupyter_client.kernel_provisioners``; the kernel specification made by
    `paperbuild.kernel.client.kernel_manager` asks for it by name and passes the step's settings along.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel; ``cmd`` is the cold kernel's command and ends with connection file and settings."""
        connection_file, settings = cmd[-2], KernelSettings(**json.loads(cmd[-1]))
        process = fork(forked, (connection_file, settings, dict(kwargs["env"])))
        self.process = cast("Any", _ForkedProcess(process))
        self.pid = self.pgid = process.pid
        self.cwd = settings.root
        # A client that connects before the sockets exist waits a tenth of a second before it tries again; the
        # heartbeat's is bound last.
        heartbeat = Path(f"{self.connection_info['ip']}-{self.connection_info['hb_port']}")
        while not heartbeat.exists() and process.exitcode is None:
            await asyncio.sleep(0.002)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel with all it started, and take note of its end at once."""
        await super().kill(restart=restart)
        if self.process is not None:
            self.process.wait()
