"""常用视图: a person's own ways of looking at the queue."""
