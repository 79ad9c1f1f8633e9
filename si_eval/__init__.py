"""Evaluate programmes for enterprises: link, compare, estimate, and hand out only what may leave.

Names are listed in ``__init__.pyi`` and loaded when they are first used, so that a run which draws nothing does not
load the drawing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
