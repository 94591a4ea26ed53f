"""An OpenID provider for tests that misbehaves in exactly one named way at a time.

See :class:`MisbehavingProvider`; what it can do wrong is listed in ``MisbehavingProvider.misbehaviours``.
"""

from .cases import Misbehaviour, Scene
from .provider import MisbehavingProvider
from .table import MISBEHAVIOURS, ODDITIES
from .web import Answer, Asked

__all__ = ["MISBEHAVIOURS", "ODDITIES", "Answer", "Asked", "MisbehavingProvider", "Misbehaviour", "Scene"]
