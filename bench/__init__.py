"""The numbers we quote, and how to get them again: `ROWS=push,pull SIZE=ci python -m bench`."""
