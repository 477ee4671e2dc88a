"""Flags for annotation files whose videos lie elsewhere, the same for every command that reads them."""

import os


def add_list_flags(parser):
    """Flags that say how `--data` is read where it is an annotation file."""
    parser.add_argument("--videos", metavar="FOLDER", help="where the videos of an annotation file lie")
    parser.add_argument("--format", help="annotation format, if it is not recognised")
    parser.add_argument("--fold", type=int, help="numbered split of UCF101 and HMDB51 (default: 1)")


def list_options(args):
    """What these flags say, as keywords of `read_manifest`; a flag that was not given is not among them.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_list_flags(parser)
    >>> list_options(parser.parse_args(["--fold=2"]))
    {'fold': 2}
    """
    asked = {"videos": args.videos, "format": args.format, "fold": args.fold}
    return {name: value for name, value in asked.items() if value is not None}


def lasting(place):
    """A path or an address that holds in whatever folder the next command is given; None for what has no place."""
    if not isinstance(place, str | os.PathLike):
        return None
    return place if isinstance(place, str) and "://" in place else os.path.abspath(place)
