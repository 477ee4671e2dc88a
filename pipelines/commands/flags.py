"""Flags for annotation files whose videos lie elsewhere, the same for every command that reads them."""


def add_list_flags(parser):
    """Flags that say how the data are read where they are an annotation file."""
    from pipelines.annotations.reading import FORMATS

    parser.add_argument("--videos", metavar="FOLDER", help="where the videos of an annotation file lie")
    parser.add_argument("--format", help=f"annotation format, if it is not recognised: one of {', '.join(FORMATS)}")
    parser.add_argument("--fold", type=int, help="numbered split of UCF101 and HMDB51, or of --folds (default: 1)")


def add_group_flags(parser, folds=True):
    """Flags that say which videos belong together, so that no group is on both sides; `folds` adds --folds."""
    parser.add_argument("--group", metavar="PATTERN|folder",
                        help="what tells who or what a video shows: a regular expression that is searched in its path, "
                             "or 'folder' (default: a column `group`, names of known data sets, CLASS/GROUP/video)")
    if folds:
        parser.add_argument("--folds", type=int, help="parts of equal size, of which --fold is held out")


def group_options(args):
    """What these flags say; a flag that was not given is not among them.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_group_flags(parser)
    >>> group_options(parser.parse_args(["--folds=5"]))
    {'folds': 5}
    """
    asked = {"group": args.group, "folds": getattr(args, "folds", None)}
    return {name: value for name, value in asked.items() if value is not None}


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


def parse_clip(text):
    """The `ClipSpec` of `16x2x112` (frames, stride, size), `16xsegmentsx112`, or of a preset's name.

    >>> parse_clip("8x4x64").shape
    (8, 64, 64, 3)
    >>> parse_clip("8xsegmentsx64").sampling
    'segments'
    """
    from res3d.geometry import PRESETS, ClipSpec

    if text in PRESETS:
        return PRESETS[text]
    sampling = "segments" if "xsegmentsx" in text else "dense"
    parts = text.replace("xsegmentsx", "x1x").split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"`--clip` must be FRAMESxSTRIDExSIZE, such as 16x2x112, or one of {', '.join(PRESETS)}, or "
                         f"FRAMESxsegmentsxSIZE. Received: {text!r}.")
    frames, stride, size = map(int, parts)
    return ClipSpec(frames=frames, stride=stride, height=size, width=size, sampling=sampling)
