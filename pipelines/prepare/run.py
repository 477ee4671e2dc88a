"""Videos to shards of records, once, at any scale: `prepare` plans, has the shards written, and gathers what came out.

    prepare("data/videos", "data/records", PrepareOptions(clip), workers=16)

It may be killed at any moment and run again: it goes on with the shards that are not finished, and the result is byte
for byte the same.
"""

import os
from collections.abc import Callable, Sequence

from absl import logging

from pipelines.annotations.entries import Manifest
from pipelines.arguments import check_whole_number, default_workers
from pipelines.prepare import output, pool
from pipelines.prepare.gather import gather
from pipelines.prepare.lock import alone
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.output import check_whole, sweep
from pipelines.prepare.plan import make, writing
from pipelines.prepare.shard import finished, swept
from pipelines.records.index import read_summary
from pipelines.storage import addresses, files

TIMEOUT_SECONDS = 600.0


def prepare(data: str | os.PathLike | Manifest, out: str | os.PathLike, options: PrepareOptions | None = None, *,
            split: str | None = None, labels: Sequence[str] | str | os.PathLike | None = None,
            workers: int | None = None, overwrite: bool = False, progress: Callable | None = None,
            timeout: float = TIMEOUT_SECONDS, runner: Callable | None = None, **layout) -> dict:
    """Prepares a data set; returns the summary, a dict.

    Args:
        data: whatever `read_manifest` takes, addresses included; `layout` are its other arguments.
        out: folder, or address of a bucket.
        options: `PrepareOptions`, or None for the defaults.
        split: str or None. Only this split.
        labels: label list, or None.
        workers: int or None. Processes, and as many shards written at once at most; None is one a core.
        overwrite: bool. Replace what another plan has left in `out`.
        progress: function (total clips) -> function (clips, bytes, failures), or None.
        timeout: float. Seconds without another frame of a video, in the local pool.
        runner: None for the local pool, or a function (plan, shard numbers) that has them written.

    Raises:
        ValueError: for wrong arguments, changed options, or if no video could be used.
        OSError: for a full disk, a folder that cannot be written, data that have gone.
    """
    if workers is not None:
        check_whole_number("workers", workers)
    if not timeout > 0:
        raise ValueError(f"`timeout` must be a number of seconds above 0. Received: timeout={timeout!r}.")
    plan = make(data, out, options or PrepareOptions(), split, labels, **layout)
    with writing(plan.out):
        files.make_folder(plan.out)
    with alone(plan.out), writing(plan.out), swept(plan.out):
        if output.begin(plan, overwrite):
            summary = read_summary(plan.out)
            check_whole(plan.out, summary)
            logging.info("'%s' is finished already", addresses.shown(plan.out))
            sweep(plan.out)
            return summary
        sweep(plan.out, halves=True)
        accounts = {number: finished(plan, number) for number in range(len(plan.shards))}
        left = [number for number, account in accounts.items() if account is None]
        count = progress(len(plan.entries)) if progress is not None else lambda *counts: None
        _tell(count, accounts.values())
        if runner is not None:
            runner(plan, left)
            _tell(count, [finished(plan, number) for number in left])
        elif left:
            pool.write_shards(plan.out, left, workers or default_workers(), count, timeout)
        return gather(plan)


def _tell(count, accounts):
    for account in filter(None, accounts):
        clips = len({row["position"] for row in account["rows"]})
        count(clips + len(account["failures"]), account["bytes"], len(account["failures"]))
