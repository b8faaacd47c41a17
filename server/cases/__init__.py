"""案卷导出: all of one issue or one project in one file, which proves itself without the house."""
