"""A job that is killed goes on, and leaves what an undisturbed one does."""

import random
import shutil
import subprocess
import sys
import time

import pytest

from tests.pipelines.prepare.whole import tree

COMMAND = """
import sys
from pipelines.prepare import PrepareOptions, prepare
from res3d.geometry import ClipSpec
prepare(sys.argv[1], sys.argv[2], PrepareOptions(ClipSpec(frames=8, height=56, width=56), shard_clips=6), workers=2)
"""


def kill_and_finish(videos, out, undisturbed, kills, seed):
    """Kills the job `kills` times at random moments; then lets it finish and compares."""
    rng, command = random.Random(seed), [sys.executable, "-c", COMMAND, str(videos), str(out)]
    killed = 0
    while killed < kills:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.4, 1.6))
        if process.poll() is not None:  # it was faster
            assert process.returncode == 0
            assert tree(out) == tree(undisturbed)
            shutil.rmtree(out)
            continue
        done = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
        process.kill()
        process.wait()
        killed += 1
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert tree(out) == tree(undisturbed)
    for name, changed in done.items():  # at most the shards that were open are written again
        redone = (out / name).stat().st_mtime_ns != changed
        done[name] = redone
    assert sum(done.values()) <= 2


@pytest.mark.slow
def test_killed_and_run_again(videos, undisturbed, tmp_path):
    kill_and_finish(videos, tmp_path / "out", undisturbed, kills=1, seed=1)


@pytest.mark.slow
def test_fifteen_kills(videos, undisturbed, tmp_path):
    kill_and_finish(videos, tmp_path / "out", undisturbed, kills=15, seed=2)
