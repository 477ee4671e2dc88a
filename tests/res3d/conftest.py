"""Modules beside the tests (`catalogue`) are found by name."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
