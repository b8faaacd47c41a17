"""通知: what people and firms are told, by which channel, whether it arrived and whether it was read."""
