"""演示: a believable piece of a district around Wangjing, entered through the same door as any work."""
