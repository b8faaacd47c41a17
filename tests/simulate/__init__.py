"""Deterministic simulation: the real engine and real replicas in a hostile world made from one seed."""
