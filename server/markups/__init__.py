"""标注: what people draw over photographs to point at a fault; the originals stay as they are."""
