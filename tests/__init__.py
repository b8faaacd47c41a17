"""Tests of the house: sentences, on real databases, real stores, real servers."""
