"""Python imports this by itself at the start of every program that a notebook starts: it is watched too."""

import os

if _settings := os.environ.get("PAPERBUILD_WATCH"):
    from paperbuild.kernel.inside import watch_child

    watch_child(_settings)
