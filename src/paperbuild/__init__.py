"""The build of a verifiable paper: fingerprints, kernels, rendering, checks. Knows nothing of its subject."""
