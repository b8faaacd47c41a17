"""The blueprint that all doors of this feature hang on."""

from flask import Blueprint

blueprint = Blueprint("inspections", __name__)
