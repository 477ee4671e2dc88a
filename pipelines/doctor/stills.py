"""Small moving pictures for the page: some videos of each class, what broke off, and videos that show the same."""

from concurrent import futures

from pipelines.arguments import default_workers
from pipelines.leaks.matching import SAME_MOMENTS
from pipelines.storage import folders
from pipelines.storage.addresses import shown
from pipelines.video import frame_folder, reading
from pipelines.video.info import VideoError
from res3d.looks.pictures import film

MOST, A_CLASS, PAIRS, DAMAGED = 240, 6, 12, 12  # videos shown of all, of a class; pairs; videos that break off
HARMFUL = ("duplicates across splits", "contradicting labels")  # of warnings of copies
FRAMES, STEP, HEIGHT = 6, 4, 84  # of a film: frames, of which so many are passed over, pixels


def wall(manifest, progress=None):
    """{label: [(path, film)]} of some usable videos of each class; videos of several labels stand at each.

    Args:
        manifest: `Manifest` of usable videos.
        progress: as `write_page` takes it.
    """
    wanted = max(1, min(A_CLASS, MOST // max(1, len(manifest.labels))))
    chosen = {}
    for entry in manifest:
        for label in entry.labels or (None,):
            name = "no label" if label is None else manifest.labels[label]
            if len(chosen.setdefault(name, [])) < wanted and entry.path not in chosen[name]:
                chosen[name].append(entry.path)
    names = sorted(chosen)[:MOST]
    paths = sorted({path for name in names for path in chosen[name]})
    films = dict(zip(paths, _stills([(path,) for path in paths], progress)))
    return {name: [(shown(path), films[path]) for path in chosen[name]] for name in names}


def pairs(rows, progress=None):
    """[(row, film of the first, film of the second)] of videos that show the same, each where it shows it."""
    rows = sorted(rows, key=lambda row: row["kind"] not in (*HARMFUL, SAME_MOMENTS))[:PAIRS]
    moments = [(row[side], at) for row in rows for side, at in zip(("first", "second"), together(row))]
    films = _stills(moments, progress)
    return [(row, *films[2 * i:2 * i + 2]) for i, row in enumerate(rows)]


def copies(report):
    """Rows as `pairs` takes them of files of equal content that a figure suffers by, two of each."""
    return [{"first": group[0], "second": group[1], "kind": warning["kind"], "seconds": None}
            for warning in report["warnings"] if warning["kind"] in HARMFUL
            for group in warning["groups"] if len(group) > 1]


def together(row):
    """Seconds of the first and of the second at which they show the same.

    >>> together({"offset": 2.0, "speed": 1.0}), together({"offset": -3.0, "speed": 1.0})
    ((2.0, 0.0), (0.0, 3.0))
    """
    offset = row.get("offset", 0.0)
    return max(offset, 0.0), max(-offset, 0.0)


def ends(report, progress=None):
    """[(path, film)] of videos that break off, or have other frames than they say: the last frames there are."""
    paths = [path for kind in ("damaged", "frame count") for warning in report["warnings"] if warning["kind"] == kind
             for path in warning["paths"]]
    paths = list(dict.fromkeys(paths))
    return list(zip(paths[:DAMAGED], _stills([(path, None) for path in paths[:DAMAGED]], progress)))


def still(path, seconds=0.0):
    """A film of a video from `seconds` on, or of its end for None; None where it can no longer be read."""
    try:
        if folders.is_folder(path):
            last = len(frame_folder.frame_paths(path)) - 1
            return film(frame_folder.read_frames(path, [min(i * STEP, last) for i in range(FRAMES)]), HEIGHT, FRAMES)
        info = reading.probe(path) if seconds is None or seconds > 0 else None
        first = 0 if info is None else _frame(info, seconds)
        wanted = [first + i * STEP for i in range(FRAMES)]
        return film(reading.read_frames(path, wanted, _small, policy="repeat_last", info=info), HEIGHT, FRAMES)
    except (VideoError, OSError, ValueError):
        return None


def _frame(info, seconds):
    if seconds is None:
        return max(0, info.num_frames - FRAMES * STEP)
    return min(int(seconds * info.fps), max(0, info.num_frames - 1))


def _small(height, width):
    return HEIGHT, max(1, round(width * HEIGHT / height))


def _stills(arguments, progress=None):
    """What `still` gives of each tuple of its arguments, several at once."""
    told = progress(len(arguments)) if progress is not None and arguments else lambda: None

    def one(some):
        found = still(*some)
        told()
        return found

    with futures.ThreadPoolExecutor(default_workers()) as pool:
        return list(pool.map(one, arguments))
