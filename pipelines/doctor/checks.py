"""What is wrong with a data set, what its clips cost, and what to do about both.

    report = check("data", ClipSpec())
    report["bad"]        # [{"path": ..., "reason": ...}]
"""

import collections
import os
import statistics
from collections.abc import Callable, Sequence

from pipelines.annotations.entries import Entry, Manifest
from pipelines.annotations.files import may_be_video
from pipelines.annotations.labels import counted_from_one
from pipelines.annotations.spans import Spans
from pipelines.doctor import alike, parts
from pipelines.doctor import labels as in_time
from pipelines.doctor.costs import cost_of_clip, key_frame_gap
from pipelines.doctor.duplicates import duplicates
from pipelines.doctor.examine import examine_all, signature_in
from pipelines.doctor.reported import counted, reported
from pipelines.manifest import read_manifest
from pipelines.records import index
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, file_name, plain, shown
from res3d.geometry import ClipSpec

COSTLY = 6.0  # frames decoded for each frame used, above which shorter files or records pay
UNEVEN = 10.0  # largest class against smallest
SUFFIXES = {".mp4": ("mp4",), ".mov": ("mp4",), ".avi": ("avi",), ".mkv": ("matroska",), ".webm": ("matroska",),
            ".gif": ("gif",), ".flv": ("flv",)}  # container families, as `pipelines.video` names them
SHOWN = 5  # paths named in a message; the lists in the report are whole


def check(data: str | os.PathLike | Manifest, clip: ClipSpec, *, split: str | None = None,
          labels: Sequence[str] | str | os.PathLike | None = None, videos: str | os.PathLike | None = None,
          format: str | None = None, fold: int = 1, workers: int | None = None, timeout: float = 120.0,
          progress: Callable | None = None, leaks: bool = True, group: str | None = None,
          spans: Spans | None = None) -> dict:
    """Examines every video of a data set in one parallel pass.

    Args:
        data: whatever `read_manifest` takes, or one video file; unlabelled and half-empty folders are accepted.
        split, labels, videos, format, fold: as for `read_manifest`.
        clip: `ClipSpec`, for which lengths, sizes and costs are judged.
        workers: int or None for one child process a core.
        timeout: float. Seconds without another frame after which a video is given up.
        progress: None, or a function of the number of videos that returns a function to call after each.
        leaks: bool. Look for videos in different splits, or, without splits, of different groups, that show the same
            moments or place; up to so many videos as `pipelines.doctor.alike.MOST`.
        group: what tells the groups, as `pipelines.groups_of` takes it.
        spans: the labels in time of the same data, to be compared with the videos; None reads those of `data`, where it
            is a file of such.

    Returns:
        A JSON-ready dict: `files`, `usable`, `bad` [{"path", "reason"}], `rows` and `usable_rows` (of the manifest, of
        which several may be parts of one file), `bad_parts` [{"path", "start", "end", "first_frame", "num_frames",
        "reason"}] of good files, `missing` [{"path", "reason"}], `warnings` [{"kind", "message", "advice", "paths",
        "details"}] (of files of equal content also `groups`, lists of paths), `classes` {label: usable rows}, `splits`
        {split: {label: usable rows}}, `sizes`, `rates`, `containers`, `codecs` and `lengths`, in tenths of a second,
        {value: videos}, `spans` {} or {"spans", "instants", "videos", "agreement"}, `leaks` [{"first", "second",
        "kind", "seconds", ...}], `frames`, `seconds` and `cost` summaries.

    Raises:
        OSError, ValueError: as `read_manifest` does, for data that cannot be listed at all.
    """
    manifest = manifest_of(data, split=split, labels=labels, videos=videos, format=format, fold=fold)
    spans = in_time.spans_of(data, videos=videos, format=format) if spans is None else spans
    paths = sorted({entry.path for entry in manifest} | in_time.files_of(spans))
    entries = collections.defaultdict(list)
    for entry in manifest:
        entries[entry.path].append(entry)
    looked = leaks and alike.worth_looking(manifest, group)
    found = examine_all(paths, workers, timeout, lambda video: weigh(video, clip, entries[video["path"]]),
                        progress and progress(len(paths)), pictures=looked)
    result = report(manifest, found, clip)
    rows, warnings = alike.alike(manifest, found, group) if leaks else ([], [])
    facts, told = in_time.looks(spans, {video["path"]: video for video in found if "reason" not in video})
    told += in_time.spelt({*manifest.labels, *spans.labels})
    return result | {"leaks": rows, "spans": facts, "warnings": result["warnings"] + told + warnings}


def manifest_of(data, **options):
    """The `Manifest` of a data set however incomplete, or of a single video file."""
    if not isinstance(data, Manifest):
        data = absolute(data)
        if folders.is_file(data) and may_be_video(file_name(data)):
            return Manifest([Entry(data)], [])
    manifest = read_manifest(data, strict=False, **options)
    if index.of_manifest(manifest):
        folder = "FOLDER" if isinstance(data, Manifest) else shown(data)
        raise ValueError("Expected videos. Received records, made of videos that were checked then. To check records, "
                         f"use `res3d prepare {folder} --verify`.")
    return manifest


def usable(manifest, report):
    """The `Manifest` of the videos, and parts of them, that the report of `check` does not call bad."""
    return Manifest(parts.without_bad(manifest, report), manifest.labels, multi_label=manifest.multi_label)


def report(manifest, found, clip):
    """The dict that `check` returns, from a `Manifest` and what `examine` and `weigh` found of each path."""
    good = {video["path"]: video for video in found if "reason" not in video}
    bad = [{"path": shown(video["path"]), "reason": video["reason"]} for video in found if "reason" in video]
    entries = [entry for entry in manifest if entry.path in good and not parts.reason(entry, good[entry.path])]
    usable = Manifest(entries, manifest.labels, multi_label=manifest.multi_label)
    videos = list(good.values())
    return {
        "files": len(found), "usable": len(good), "bad": bad,
        "rows": len(manifest), "usable_rows": len(entries), "bad_parts": parts.bad_parts(manifest, good),
        "missing": [{"path": row.path, "reason": row.reason} for row in manifest.missing],
        "warnings": [warning for look in (_missing, _metadata, duplicates, _balance, _lengths, _sizes, _costs)
                     for warning in look(manifest, usable, good, clip)],
        "classes": usable.counts(),
        "splits": {name: usable.counts(name) for name in usable.splits if name is not None},
        "sizes": _counted(f"{video['width']}x{video['height']}" for video in videos),
        "rates": _counted(f"{video['fps']:.6g}" for video in videos),
        "containers": _counted(video["container"] for video in videos),
        "codecs": _counted(video["codec"] for video in videos),
        "frames": _spread(video["num_frames"] for video in videos),
        "seconds": _spread(video["duration_seconds"] for video in videos),
        "lengths": _counted(f"{video['duration_seconds']:.1f}" for video in videos),
        "cost": {"clip": f"{clip.frames} frames, stride {clip.stride}" if not clip.in_segments else clip.timing,
                 "frames_decoded_per_frame_used": _spread(video["cost"] for video in videos),
                 "with_jumps_to_key_frames": _spread(video["jumping_cost"] for video in videos),
                 "longest_key_frame_gap": _spread(video["key_frame_gap"] for video in videos)},
    }


def weigh(video, clip, entries=()):
    """What `examine` found, with costs and the parts of `entries` in place of lists as long as the video."""
    if "reason" in video:
        return video
    cost, jumping_cost = cost_of_clip(video, clip)
    kept = {name: value for name, value in video.items() if name not in ("key_frames", "jumps", "times_us")}
    kept["signature"] = signature_in(video)
    return kept | {"cost": cost, "jumping_cost": jumping_cost, "key_frame_gap": key_frame_gap(video),
                   "parts": parts.extents(video, entries) if entries else {}}


def _missing(manifest, usable, good, clip):
    if manifest.missing:
        unread = " or cannot be read" * any(row.reason.startswith("Expected ") for row in manifest.missing)
        rows = f"of {len(manifest) + len(manifest.missing)} rows of the annotations"
        yield reported("missing", counted(len(manifest.missing), f"{rows} has no file{unread}",
                                          f"{rows} have no file{unread}"),
                       "Fetch them, or go on without; training leaves them out.",
                       [row.path for row in manifest.missing])
    unlabelled = [entry.path for entry in manifest if not entry.labels]
    if unlabelled:
        yield reported("unlabelled", counted(len(unlabelled), "video has no label", "videos have no label"),
                       "Put them into a folder named after their class, or list them in a CSV manifest, before "
                       "training on them.", unlabelled)
    bare = [entry.path for entry in manifest if entry.split is None]
    if bare and len(bare) < len(manifest):
        rows = f"of {len(manifest)} rows"
        yield reported("no split", counted(len(bare), f"{rows} names no split, and is in none",
                                           f"{rows} name no split, and are in none"),
                       "Fill in the column `split`, or remove the rows.", bare)


def _metadata(manifest, usable, good, clip):
    def some(kind, test, one, many, advice, detail="{path}"):
        videos = [video for video in good.values() if test(video)]
        if videos:
            told = detail if callable(detail) else lambda video: detail.format(**video)
            yield reported(kind, counted(len(videos), one, many), advice, (video["path"] for video in videos),
                           map(told, videos))

    yield from some("frame count", lambda v: v["claimed_frames"] is not None and v["claimed_frames"] != v["num_frames"],
                    "video has another number of frames than its header says",
                    "videos have another number of frames than their headers say",
                    "Nothing to do here: frames are counted by decoding. Other readers may fail near the end.",
                    "{path}: says {claimed_frames}, has {num_frames}")
    yield from some("frame rate", lambda v: v["claimed_fps"] and abs(v["claimed_fps"] / v["fps"] - 1) > 0.01,
                    "video has another frame rate than its header says",
                    "videos have another frame rate than their headers say",
                    "Nothing to do here: times are read from frames.",
                    "{path}: says {claimed_fps:.6g}, has {fps:.6g}")
    yield from some("variable rate", lambda v: not v["steady"], "video has a variable frame rate",
                    "videos have a variable frame rate",
                    "Set the clip's fps, so that frames are chosen by time.")
    yield from some("times", lambda v: not v["times_trusted"], "video has no usable frame times",
                    "videos have no usable frame times",
                    "Even times stand in for them. Re-encode if segments are given in seconds.")
    yield from some("damaged", lambda v: v["damaged"], "video breaks off before its end",
                    "videos break off before their end",
                    "The frames before are used. Fetch or re-encode them if the action comes late.",
                    "{path}: {num_frames} frames decode")
    yield from some("picture size", lambda v: len(v.get("picture_sizes", ())) > 1,
                    "video changes the size of its picture", "videos change the size of their picture",
                    "Of a file what comes later is scaled to the first size, and stretched if its shape differs. Cut "
                    "it there, or re-encode it at one size.",
                    _sizes_told)
    yield from some("suffix", _misnamed, "video is not what its suffix says", "videos are not what their suffixes say",
                    "Nothing to do here: files are opened by content. Rename them for other readers.",
                    "{path}: is {container}")


def _sizes_told(video):
    """'a.ts: 96x64, from 12.5 s 160x128', and how often more."""
    (_, width, height), (seconds, *after), *more = video["picture_sizes"]
    text = f"{video['path']}: {width}x{height}, from {seconds:.1f} s {after[0]}x{after[1]}"
    return text + (f", and {len(more)} changes more" if more else "")


def _misnamed(video):
    suffix = os.path.splitext(plain(video["path"]))[1].lower()
    return video["container"] not in SUFFIXES.get(suffix, (video["container"],))


def _balance(manifest, usable, good, clip):
    counts = usable.counts()
    empty = [label for label, count in counts.items() if not count]
    if empty:
        labels, which = f"of {len(counts)} labels", f"no usable video: {_some(empty)}"
        yield reported("empty classes", counted(len(empty), f"{labels} has {which}", f"{labels} have {which}"),
                       counted_from_one(manifest.labels, empty) or "Add videos, or remove the labels.", [])
    filled = {label: count for label, count in counts.items() if count}
    if filled and max(filled.values()) >= UNEVEN * min(filled.values()):
        small, large = min(filled, key=filled.get), max(filled, key=filled.get)
        least = counted(filled[small], "video", "videos")
        yield reported("class balance", f"classes range from {least} ('{small}') to {filled[large]} "
                       f"('{large}')", "Train with class-balanced sampling, and read mean class accuracy.", [])
    splits = [name for name in usable.splits if name is not None]
    for name in splits:
        counts = usable.counts(name)
        absent = [label for label in filled if not counts[label]]
        if absent and any(counts.values()):
            which = f"no usable video in split '{name}': {_some(absent)}"
            yield reported("absent from a split", counted(len(absent), f"label has {which}", f"labels have {which}"),
                           "Move videos between the splits.", [])


def _lengths(manifest, usable, good, clip):
    short = sorted({entry.path for entry in usable if parts.length(entry, good[entry.path]) < clip.span})
    if short and clip.in_segments:
        what = f"fewer frames than a clip has parts, {clip.frames}"
        yield reported("short", counted(len(short), f"video, or a part of it, has {what}",
                                        f"videos, or parts of them, have {what}"),
                       "Their frames are repeated. Use fewer frames if they are many.", short)
    elif short:
        what = f"shorter than a clip of {clip.span} frames"
        yield reported("short", counted(len(short), f"video, or a part of it, is {what}",
                                        f"videos, or parts of them, are {what}"),
                       "Their last frame is repeated. Use fewer frames or a smaller stride if they are many.", short)


def _sizes(manifest, usable, good, clip):
    small = [path for path, video in good.items()
             if video["height"] < clip.height or video["width"] < clip.width]
    if small:
        what = f"smaller than the clip, {clip.width}x{clip.height}"
        yield reported("small pictures", counted(len(small), f"video is {what}", f"videos are {what}"),
                       "They are enlarged. Use a smaller clip if they are many.", small)
    large = [path for path, video in good.items() if min(video["height"], video["width"]) > 4 * max(clip.shape[1:3])]
    if large:
        what = "over four times the clip's size"
        yield reported("large pictures", counted(len(large), f"video is {what}", f"videos are {what}"),
                       "Most of the decoding is thrown away: `res3d prepare` scales them once.", large)


def _costs(manifest, usable, good, clip):
    costly = sorted((video for video in good.values() if video["cost"] > COSTLY), key=lambda v: -v["cost"])
    if costly:
        jumped = statistics.mean(video["jumping_cost"] for video in costly)
        advice = "`res3d prepare` decodes each once, into records that hold single frames."
        if jumped > COSTLY and not clip.in_segments:
            advice += f" Or re-encode with a key frame every {clip.span} frames (ffmpeg -g {clip.span})."
        yield reported("cost", f"{counted(len(costly), 'video decodes', 'videos decode')} over {COSTLY:g} frames for "
                       f"each frame used, {costly[0]['cost']:.0f} at most", advice, [video["path"] for video in costly])


def _some(names):
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _counted(values):
    return dict(collections.Counter(values).most_common())


def _spread(values):
    """{"least", "median", "most"} of numbers, or {} of none."""
    values = sorted(values)
    if not values:
        return {}
    return {"least": values[0], "median": statistics.median(values), "most": values[-1]}
