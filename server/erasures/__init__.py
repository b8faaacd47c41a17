"""依法删除: what a person may demand to be erased, what stands against it, and the erasing itself (PIPL)."""
