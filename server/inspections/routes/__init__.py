"""The doors of this feature, a file a subject; one blueprint."""

from . import checklists, plans, visits
from .blueprint import blueprint

__all__ = ["blueprint", "checklists", "plans", "visits"]
