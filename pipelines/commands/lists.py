"""Flags for annotation files whose videos lie elsewhere, the same for every command that reads them."""


def add_list_flags(parser):
    """Flags that say how the data are read where they are an annotation file."""
    from pipelines.annotations import FORMATS

    parser.add_argument("--videos", metavar="FOLDER", help="where the videos of an annotation file lie")
    parser.add_argument("--format", help=f"annotation format, if it is not recognised: one of {', '.join(FORMATS)}")
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
