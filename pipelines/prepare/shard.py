"""Writes one shard, whoever calls it: a process of the local pool, or a worker of Apache Beam.

A shard is written aside, flushed to the disk and renamed; then comes its account, a JSON file, in the same way. A shard
with an account is finished. Run as a module, this file is a child process: it reads a request a line and answers with
lines of what it is at, both JSON.
"""

import collections
import contextlib
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
import traceback

from pipelines.prepare import clip
from pipelines.prepare.plan import load, writing
from pipelines.records import tfrecord
from pipelines.records.layout import in_work_folder
from pipelines.records.record import encode
from pipelines.storage import addresses, file_systems, files, folders
from pipelines.video.child import answers
from pipelines.video.info import UnreachableError, VideoError
from pipelines.video.jumps import PARTS, repaid
from pipelines.video.probe_cache import Probes
from res3d.atomic import aside_name


def write_shard(plan, number, report=lambda **said: None, crashed=()):
    """Writes shard `number` of a plan and its account; returns the account.

    Args:
        plan: `Plan`.
        number: int.
        report: function called with `start=position` before each clip and with `done=position, bytes=, failed=` after.
        crashed: {position: reason} of clips that are not to be tried.

    Raises:
        OSError: if the shard cannot be written, or the data have gone.
    """
    shard, crashed = plan.shards[number], dict(crashed)
    recordings = _Recordings([plan.entries[position] for position in shard.clips])
    rows, failures = [], []
    aside = _aside(plan, shard)
    try:
        with _File(aside) as file, _spool(plan, aside) as spool:
            writer = tfrecord.Writer(file)
            for position in shard.clips:
                report(start=position)
                began = writer.offset
                try:
                    if position in crashed:
                        raise VideoError(plan.entries[position].path, crashed[position])
                    found = clip.clip_records(plan.entries[position], plan.names[position], plan.labels, plan.options,
                                              recordings.of(plan.entries[position]), spool)
                except VideoError as error:
                    _still_there(plan, plan.entries[position].path, error)
                    failures.append((plan.names[position], error.reason))
                    found = []
                usable = bool(found)
                for part, (record, facts) in enumerate(found):
                    data = encode(record)
                    rows.append({"position": position, "part": part, "offset": writer.write(data),
                                 "length": len(data)} | facts)
                report(done=position, bytes=writer.offset - began, failed=not usable)
        account = {"name": shard.name, "bytes": writer.offset, "sha256": file.digest.hexdigest(), "rows": rows,
                   "failures": failures}
        with writing(plan.out):
            files.upload(aside, addresses.join(plan.out, shard.name))
    finally:
        if addresses.is_remote(plan.out):
            shutil.rmtree(os.path.dirname(aside), ignore_errors=True)
        elif os.path.exists(aside):
            os.remove(aside)
    with writing(plan.out):
        files.write_bytes(plan.sidecar(shard), json.dumps(account).encode())
    return account


class _Recordings:
    """Probes of the recordings of which a shard takes so many parts that knowing them first saves decoding."""

    def __init__(self, entries):
        paths = [entry.path for entry in entries if entry.num_frames is None]
        self._counts, self._probes = collections.Counter(paths), Probes(jumps=repaid(paths))

    def of(self, entry):
        """`Probes`, or None."""
        return self._probes if self._counts[entry.path] >= PARTS else None


def finished(plan, number):
    """The account of a shard, or None if it is not finished."""
    shard = plan.shards[number]
    path = addresses.join(plan.out, shard.name)
    if not files.exists(plan.sidecar(shard)) or not files.exists(path):
        return None
    account = json.loads(files.read_bytes(plan.sidecar(shard)))
    return account if files.size(path) == account["bytes"] else None


def _aside(plan, shard):
    """A local file of this process's own, on the disk of the output if it is one."""
    if addresses.is_remote(plan.out):
        return os.path.join(tempfile.mkdtemp(prefix=_scratch(plan.out)), shard.name)
    return aside_name(addresses.local_path(in_work_folder(plan.out, shard.name)))


def _spool(plan, aside):
    """An open file without a name beside the shard, for frames of long videos; a `with` of None for those of clips."""
    if plan.options.task != "spans":
        return contextlib.nullcontext()
    with writing(plan.out):
        return tempfile.TemporaryFile(dir=os.path.dirname(aside))


def _scratch(out):
    """How the names begin of the temporary folders in which shards of a bucket are written."""
    return f"res3d-{hashlib.sha256(out.encode()).hexdigest()[:16]}-"


@contextlib.contextmanager
def swept(out):
    """Takes away, before and after, the temporary folders that killed processes of this machine have left."""
    try:
        _sweep(out)
        yield
    finally:
        _sweep(out)


def _sweep(out):
    if addresses.is_remote(out):
        for folder in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), _scratch(out) + "*")):
            shutil.rmtree(folder, ignore_errors=True)


class _File:
    """A new file and the hash of what is written; on the disk when the `with` ends well."""

    def __init__(self, path):
        self.path, self.digest = path, hashlib.sha256()
        with writing(path):
            self.file = open(path, "wb")  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, kind, *error):
        with writing(self.path), self.file:
            if kind is None:
                self.file.flush()
                os.fsync(self.file.fileno())

    def write(self, data):
        with writing(self.path):
            self.file.write(data)
        self.digest.update(data)


def _still_there(plan, path, error):
    """Raises OSError if it is not the video's own fault that it could not be read."""
    if isinstance(error, UnreachableError):
        raise file_systems.StorageError(f"{error} Run the same command again when it can be, or take it out of the "
                                        "data.")
    if plan.base and not (addresses.on_the_web(plan.base) or folders.exists(plan.base)):
        raise FileNotFoundError(f"Expected the data in '{addresses.shown(plan.base)}'. The folder has gone while they "
                                "were being prepared. Bring it back and run the same command again.")
    if not (addresses.is_remote(path) or os.path.lexists(path)):  # a disk that was taken away may leave its folder
        raise FileNotFoundError(f"Expected '{path}', which was there when the work began. It has gone. Bring it back, "
                                "or put an empty file in its place to leave it out, and run the same command again: it "
                                "goes on where it stopped.")


def _serve():
    say = answers()

    def answer(**said):
        say(said)

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            crashed = {int(position): reason for position, reason in asked["crashed"].items()}
            write_shard(load(asked["out"]), asked["shard"], answer, crashed)
            answer(shard=asked["shard"])
        except BrokenPipeError:
            os._exit(1)  # whoever asked has gone
        except OSError as error:
            answer(error=str(error))
        except Exception:
            answer(defect=addresses.all_shown(traceback.format_exc()))


if __name__ == "__main__":
    _serve()
