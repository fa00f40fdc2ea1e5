"""The science of the borderland paper: pure functions over data frames. Knows nothing of the build."""
