"""The import name of 2010: the same as :mod:`flask_oauth`."""

import warnings

from flask_oauth import *  # noqa: F403
from flask_oauth import __all__ as __all__

warnings.warn("Import from flask_oauth instead of flaskext.oauth", DeprecationWarning, stacklevel=2)
