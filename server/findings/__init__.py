"""发现问题: what fails on a checklist becomes an issue in one step."""
