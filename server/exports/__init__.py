"""导出: the queue as a file, made while its asker does something else."""
