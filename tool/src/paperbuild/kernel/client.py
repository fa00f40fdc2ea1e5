"""The build's end of a kernel: its specification, manager and client, over sockets of the file system."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from paperbuild.ground.interpreter import OWN_FOLDER
from paperbuild.ground.private import private_folder
from paperbuild.kernel import inside
from paperbuild.kernel.family import end_family
from paperbuild.kernel.settings import KernelSettings
from paperbuild.kernel.warm import environment_of_kernels


class QuickClient(AsyncKernelClient):
    """A kernel client that is ready as soon as the kernel is.

    jupyter_client's own waits until the output channel has been silent for 0.2 s. This one waits for the end
    of its own request on that channel, which shows the same: the channel works, and nothing older is in it.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel has answered on both channels.

        Raises
        ------
        RuntimeError
            If it dies before, or does not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + (timeout or 60)
        while time.monotonic() < deadline:
            request = self.kernel_info()
            with contextlib.suppress(Empty):
                await self.get_shell_msg(timeout=1)
                while True:
                    message = await self.get_iopub_msg(timeout=0.2)
                    ended = message["content"].get("execution_state") == "idle"
                    if ended and message["parent_header"].get("msg_id") == request:
                        return
            if not await self.is_alive():
                raise RuntimeError("the kernel died while it started")
        raise RuntimeError(f"the kernel did not answer within {timeout} seconds")


class _OneSpec(KernelSpecManager):
    """A kernel-specification manager that knows one specification, whatever is installed on the machine."""

    def __init__(self, spec: KernelSpec) -> None:
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec


class _Manager(AsyncKernelManager):
    """A manager whose kernel has the environment it is given, and nothing of this process's own."""

    def __init__(self, environment: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._environment = dict(environment)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # as AsyncKernelManager has it
        """Start the kernel; jupyter_client alone would lay the specification's variables over ours."""
        await super().start_kernel(**{**options, "env": self._environment})

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """End what the kernel has started, then the kernel."""
        if pid := getattr(self.provisioner, "pid", None):
            end_family(pid)
        await super().shutdown_kernel(now=now, restart=restart)


def kernel_manager(settings: KernelSettings, mode: str) -> AsyncKernelManager:
    """Return a manager for a fresh kernel over IPC sockets.

    Parameters
    ----------
    settings : KernelSettings
        The step's settings.
    mode : str
        ``fork`` or ``cold``.
    """
    folder = private_folder()
    sockets = Path(tempfile.mkdtemp(prefix="k", dir=folder))
    environment = environment_of_kernels(settings.epoch)
    watching = str(Path(inside.__file__).with_name("children"))
    environment["PYTHONPATH"] = os.pathsep.join([watching, str(Path(settings.root) / "src"), OWN_FOLDER])
    command = [
        sys.executable,
        "-c",
        f"from {inside.__name__} import cold; cold()",
        "{connection_file}",
    ]
    spec = KernelSpec(
        argv=[*command, json.dumps(asdict(settings))],
        display_name="Python 3",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "paperbuild-fork"}} if mode == "fork" else {},
    )
    return _Manager(
        environment,
        kernel_name="paper",
        kernel_spec_manager=_OneSpec(spec),
        client_factory=QuickClient,
        transport="ipc",
        ip=str(sockets / "s"),
        connection_file=str(sockets / "c.json"),
    )
