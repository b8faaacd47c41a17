"""A visit by checklist, with something wrong at one of its items."""

from tests.inspections.conftest import office

__all__ = ["office"]
