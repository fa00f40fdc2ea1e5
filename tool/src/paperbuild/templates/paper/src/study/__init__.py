"""The science of this paper: pure functions that know nothing of the build."""
