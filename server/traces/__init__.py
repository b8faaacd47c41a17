"""留痕: who changed what, when, with which device, before and after; and what waits for a decision."""
