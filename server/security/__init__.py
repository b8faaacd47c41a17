"""安全日志: the watchbook's lines, entered in the office's own journal."""
