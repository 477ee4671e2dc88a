"""The files of tools that people label videos with, one module a tool; each gives rows as the other layouts do."""
