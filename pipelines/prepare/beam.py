"""Shards written by Apache Beam: one element a shard, on whichever runner its options name."""

import difflib

from pipelines.prepare import shard
from pipelines.prepare.plan import load


def write_shards(plan, numbers, runner, arguments=()):
    """Writes shards of a plan with a Beam pipeline and waits for it.

    Args:
        plan: `Plan`; its work folder must be reachable from the runner's workers, as the data must.
        numbers: ints. Which shards.
        runner: str. Name of a Beam runner, such as "DirectRunner", "FlinkRunner" or "DataflowRunner".
        arguments: list of str. The runner's own flags.

    Raises:
        ImportError: without Apache Beam.
        ValueError: for a runner or a flag that Beam does not know.
        OSError: if a shard could not be written.
    """
    try:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError:
        raise ImportError("`--runner` needs Apache Beam. Install the extra: pip install 'res3d[beam]'.") from None
    options = PipelineOptions([f"--runner={runner}", *arguments])
    _check_flags(options, runner)
    numbers = list(numbers)
    if not numbers:
        return
    with beam.Pipeline(options=options) as pipeline:
        (pipeline | beam.Create(numbers, reshuffle=False) | beam.Reshuffle() | beam.Map(_write, plan.out))


def _check_flags(options, runner):
    """Refuses flags that Beam would pass over; those of runners with a job server may be known to that alone."""
    known = type(options)([]).get_all_options()
    for name in sorted(options.get_all_options(retain_unknown_options=True).keys() - known.keys()):
        near = difflib.get_close_matches(name, known, 1, 0.8)
        if near or "direct" in runner.lower() or "dataflow" in runner.lower():
            raise ValueError(f"Expected flags that Beam's runner '{runner}' knows. Received: --{name}"
                             f"{f', which is near to --{near[0]}' if near else ''}. Correct it, or leave it out.")


def _write(number, out):
    plan = load(out)
    if shard.finished(plan, number) is None:  # runners may try an element again
        shard.write_shard(plan, number)
    return number
