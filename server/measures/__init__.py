"""统计指标: how well hazards are put right, with numerator, denominator, cohort and cut-off."""
