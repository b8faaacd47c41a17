"""The house with the phone's files in a folder that a test may change: `tests.web.elsewhere:site`."""

import os
from pathlib import Path

from server.app import create_app
from server.phone import routes

routes.FOLDER = Path(os.environ["PHONE_FOLDER"])
site = create_app()
