"""今日待办: what one person is to do today, gathered from the other features."""
