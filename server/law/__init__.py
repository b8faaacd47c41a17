"""Law as data: limits, deadlines, texts and citations with the dates for which they hold; working days."""
