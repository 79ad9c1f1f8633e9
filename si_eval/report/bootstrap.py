"""Load this very package in a process that is started from here, whatever lies in its working directory.

Run by its path: it imports nothing of the package before it has put it in place.
"""

import importlib.util
import runpy
import sys
from pathlib import Path


def load_package() -> None:
    """Load the package that this file belongs to, and no other of its name on the path."""
    folder = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        folder.name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(folder.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[folder.name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_package()
    runpy.run_module(sys.argv[1], run_name="__main__")
elif __name__ == "<run_path>":
    load_package()
