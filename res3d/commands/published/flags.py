"""Flags of every command that may fetch published weights."""

import os


def add_fetch_flags(parser):
    """Flags that say whether, and under which licences, weights are fetched."""
    parser.add_argument("--offline", action="store_true", help="fetch nothing: weights by name must be here already")
    parser.add_argument("--accept_license", "--accept-licence", metavar="ID", dest="accept_license",
                        help="accept a licence that not everybody may use, such as CC-BY-NC-4.0")


def allow(args):
    """Makes what these flags say hold for this process, and those that it starts."""
    if args.offline:
        os.environ["RES3D_OFFLINE"] = "1"
    if args.accept_license:
        os.environ["RES3D_ACCEPT_LICENSE"] = args.accept_license
