"""Tables, figures and the document: made from SafeTables only.

Names are listed in ``__init__.pyi`` and loaded when they are first used: a figure needs no notebooks, and a run without
a report draws in processes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
