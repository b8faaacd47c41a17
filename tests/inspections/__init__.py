"""Tests of inspections: checklists, scores, who may inspect, plans."""
