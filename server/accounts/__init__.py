"""账号: people are taken on, given posts, suspended; passwords are reset and changed."""
