"""Something done around the first import of a package, whenever that comes."""

import sys


def around_first_import(name, context):
    """Enters `context()` before the package `name` is first imported, and leaves it after.

    Where it is imported already, what has to be done around it is too late or due: `context` is entered and left now.

    Args:
        name: str. A top-level package.
        context: function without arguments that gives a context manager.
    """
    if name in sys.modules:
        with context():
            return
    sys.meta_path.insert(0, _Finder(name, context))


class _Finder:  # no importlib.abc, which takes longer to import than the rest of a face
    def __init__(self, name, context):
        self.name, self.context, self.asking = name, context, False

    def find_spec(self, name, path, target=None):
        if name != self.name or self.asking:
            return None
        import importlib.util

        self.asking = True  # the others
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.asking = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):  # now it is imported; a spec alone may have been asked for by anyone
                if self not in sys.meta_path:
                    return execute(module)
                sys.meta_path.remove(self)
                with self.context():
                    return execute(module)

            spec.loader.exec_module = exec_module
        return spec
