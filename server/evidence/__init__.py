"""证据: checkpoints, the keys that sign them, proofs, and the keys of devices."""
