"""A working hour in little: phones as replicas against two nodes, a PostgreSQL and an S3 store that fail.

`make load` is the full size; the suite runs a small one, with every failure in it.
"""
