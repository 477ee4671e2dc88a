"""Names what happens in videos: the best classes of each, as a table or as JSON.

Takes any number of files and folders; a file that cannot be classified is reported in its place, and only when nothing
could be classified does the command fail. --server asks a running `res3d serve` instead of loading a model;
--sliding follows a long file, a camera or a stream, one line of JSON a window.
"""

import json
import sys

from res3d.commands.clips_alone import refuse_for_spans
from res3d.commands.published.flags import add_fetch_flags, allow
from res3d.terminal.tables import width_of_terminal

_ACCESS = ("ca", "cert", "key")
EXAMPLE = "res3d predict videos/ more/clip.mp4 --model=runs/first"


def add_flags(parser):
    """Flags of `res3d predict`."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="file or folder of videos, or PREPARED/NAME for the record of one; with --sliding a file, "
                             "a camera's number or a stream's address")
    parser.add_argument("--model", help="work or preset folder, .keras file, an export such as M.onnx, or published "
                        "weights such as slow_r50")
    parser.add_argument("--labels", help="file of label names, one a line (default: labels.txt beside the model)")
    parser.add_argument("--activation", choices=("logits", "softmax", "sigmoid"),
                        help="what the model's numbers are (default: as it is made, and as they are)")
    parser.add_argument("--protocol", default="centre", help="how videos are cut into clips (default: %(default)s)")
    parser.add_argument("--top", type=int, default=5, help="classes to show (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help='print [{"video", "top": [{"label", "score"}]}]')
    parser.add_argument("--workers", type=int, help="videos decoded at once (default: one a core)")
    parser.add_argument("--server", metavar="ADDRESS", help="served model to ask: grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL")
    parser.add_argument("--ca", metavar="FILE", help="with --server over TLS: certificates to trust, PEM")
    parser.add_argument("--cert", metavar="FILE", help="with --server over TLS: our own certificate, PEM")
    parser.add_argument("--key", metavar="FILE", help="with --server over TLS: its key, unless --cert has it")
    parser.add_argument("--header", action="append", metavar="NAME:VALUE|@FILE",
                        help="with --server: a header, or metadata of gRPC, such as a token; @FILE has one a line, and "
                             "keeps it from those who list processes; repeat as needed")
    parser.add_argument("--explain", metavar="FILE", help="write the clip with heat map and classes drawn on")
    parser.add_argument("--sliding", action="store_true", help="follow one long or live video in overlapping windows")
    parser.add_argument("--step", type=int, help="with --sliding: frames from one window to the next (default: half)")
    parser.add_argument("--window", type=int, help="with --sliding, for networks of segments: frames that are taken "
                        "for a video (default: all of a file)")
    parser.add_argument("--output", metavar="FILE", help="write a page (.html) of all videos with their answers, or "
                        "one video (.mp4, .avi) with its answer drawn on; with --sliding as its answers change; of a "
                        "network for spans: a page with their timeline (.html), or .csv, .json or .vtt")
    add_fetch_flags(parser)


def run(args):
    """Classifies and prints; 1 if nothing could be classified."""
    allow(args)
    if args.top < 1:
        raise ValueError(f"`--top` must be 1 or more. Received: {args.top}.")
    if (args.model is None) == (args.server is None):
        raise ValueError("`res3d predict` needs either --model or --server. Received "
                         f"{'neither' if args.model is None else 'both'}.")
    if args.explain is not None and args.model is None:
        raise ValueError("`--explain` needs the network itself: --model. Received --server.")
    from res3d.training.workfolder import is_spans_run  # the flags are judged before Keras is imported

    if args.model is not None and is_spans_run(args.model):
        return _find_spans(args)
    _check_company(args)
    if args.server is None:
        return _follow(args) if args.sliding else _classify(args)
    from res3d.workflows.ask import connected

    access = {"headers": args.header, **{name: getattr(args, name) for name in _ACCESS}}
    with connected(args.server, **access) as client:
        if client.spans is not None:
            return _find_spans(args, client)
        return _follow(args) if args.sliding else _classify(args, client)


def _classify(args, client=None):
    """Names what videos show, by a network here or by asking a `Client`; 1 if nothing could be classified."""
    from res3d.workflows.ask import ask_server, table

    if args.output is not None:
        from res3d.workflows.showing.answers import check_output

        check_output(args.output, args.videos)
    if client is not None:
        results = ask_server(client, args.videos, args.top)
    else:
        from res3d.workflows.predict import explain, predict

        results = predict(args.model, args.videos, protocol=args.protocol, top=args.top, labels=args.labels,
                          workers=args.workers, activation=args.activation)
    print(json.dumps(results, indent=1) if args.json else table(results, width_of_terminal()))
    if args.explain is not None:
        explain(args.model, args.videos, results, args.explain, labels=args.labels,
                activation=args.activation)
        print(f"explained in {args.explain}", file=sys.stderr)
    if args.output is not None:
        _show(args, results)
    if not any("top" in result for result in results):
        print("res3d predict: error: none of the videos could be classified", file=sys.stderr)
        return 1
    return 0


def _show(args, results):
    """Writes the answers to be looked at."""
    from res3d.workflows.showing.answers import show

    if show(args.output, args.videos, results, args.model or args.server):
        print(f"shown in {args.output}", file=sys.stderr)


def _find_spans(args, client=None):
    """Says when something happens in long videos, as `_classify` says what; 1 if none could be read."""
    refuse_for_spans(args, ("labels", "activation", "explain", "step", "window", *(["output"] if args.sliding else [])))
    if args.sliding:
        for line in _events(args, client):
            print(json.dumps(line), flush=True)
        return 0
    if client is not None:
        from res3d.workflows.spans.asking import ask_spans

        answers = ask_spans(client, args.videos, args.output, args.server)
    else:
        from res3d.workflows.spans.predict import predict_spans

        answers = predict_spans(args.model, args.videos, args.output)
    if args.json:
        print(json.dumps(answers, indent=1))
    else:
        for answer in answers:
            print("\n".join(answer["lines"]) if "error" not in answer else f"{answer['video']}: {answer['error']}")
    return 0 if any("error" not in answer for answer in answers) else 1


def _events(args, client):
    """Spans as they open and close, by a network here or a served one."""
    if client is not None:
        from res3d.workflows.spans.answering import tell_events

        return tell_events(args.videos, client.follow_spans)
    from res3d.workflows.spans.predict import follow

    return follow(args.model, args.videos)


def _check_company(args):
    """Raises ValueError for a flag that the others leave without effect."""
    if args.sliding:
        idle, where = [name for name in ("explain",) if getattr(args, name) is not None], "without --sliding"
    else:
        idle = [name for name in ("step", "window") if getattr(args, name) is not None]
        where = "with --sliding"
    if not idle and args.server is not None:
        named = [name for name in ("labels", "activation", "workers") if getattr(args, name) is not None]
        idle, where = named, "with --model"
        idle += ["protocol"] if args.protocol != "centre" else []
    if not idle and args.server is None:
        idle, where = [name for name in (*_ACCESS, "header") if getattr(args, name)], "with --server"
    if idle:
        given = "" if idle[0] == "header" else f"={getattr(args, idle[0])}"  # which may be a secret
        raise ValueError(f"`--{idle[0]}` works {where} only. Received: --{idle[0]}{given}. Leave it out, or change the "
                         "other flags.")


def _follow(args):
    """Prints a line of JSON a window; 1 if there was none."""
    from res3d.workflows.sliding import follow

    if args.server is not None or len(args.videos) != 1:
        raise ValueError("`--sliding` takes one video and --model. Received "
                         f"{len(args.videos)} videos{' and --server' if args.server is not None else ''}.")

    answers = []

    def tell(answer):
        print(json.dumps({"video": args.videos[0], **answer}), flush=True)
        if "none" in answer:
            one = [] if answer["none"] else [answer["top"][0]["label"]]
            answers.append((answer.get("labels", one), answer["start"], answer["end"]))

    windows = follow(args.model, args.videos[0], tell, labels=args.labels, step=args.step, window=args.window,
                     top=args.top, output=args.output, activation=args.activation)
    if answers:
        from res3d.workflows.rejecting.background import answers_line

        print(answers_line(answers), file=sys.stderr)
    return 0 if windows else 1
