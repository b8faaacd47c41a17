"""A visit by checklist, with something wrong at one of its items."""

from tests.inspections.conftest import furnishing, office

__all__ = ["furnishing", "office"]
