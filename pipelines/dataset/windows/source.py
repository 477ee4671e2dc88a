"""Windows out of long videos, with the targets of their steps."""

import dataclasses

import numpy as np

from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset import graph
from pipelines.dataset.epochs import ROW
from pipelines.dataset.windows.slots import Slots
from pipelines.dataset.windows.targets import happens, step_targets, steps_of


@dataclasses.dataclass(frozen=True)
class WindowOptions:
    """What `training_windows` says of targets and of which windows there are; its page says what each is."""

    none_class: bool = True
    background: float = 0.5
    density: float = 1.0
    foreground_weight: float = 1.0
    dilation_seconds: float = 0.0


class WindowSource:
    """The `Source` of windows over the videos of a `SpanSet`; each entry of its manifest is a slot.

    The target of a window is float32 (steps, classes + 1): behind the classes of each step the weight of its loss, 0
    where a short video lacks the step.

    Args:
        spans: `SpanSet`.
        clip: `ClipSpec`, dense, with `fps`.
        options: WindowOptions.
        footage: `VideoFootage` or `RecordFootage` of its videos.
        quarantine: `Quarantine`.
        on_error: as of `Fallback`.
    """

    def __init__(self, spans, clip, options, footage, quarantine, on_error="quarantine"):
        self.spans, self.clip, self.options, self.footage = spans, clip, options, footage
        self.paths = paths = footage.paths
        self.lengths = dict(zip(paths, footage.lengths))
        self.rate, self.ids = clip.fps / clip.stride, {label: i for i, label in enumerate(spans.labels)}
        events = [[sum(steps_of(span.start, span.end, self.rate)) / 2 for span in spans.of(path)] for path in paths]
        self.slots = Slots(footage.lengths, clip.frames, events,
                           lambda video, start: happens(self.targets(paths[video], start)[:, :-1],
                                                        options.none_class).any(),
                           options.background, options.density)
        groups = {span.video: span.group for span in spans.spans}
        self.manifest = Manifest([Entry(paths[video], group=groups.get(paths[video]))
                                  for video, _ in self.slots.places], spans.labels, multi_label=True)
        self.fallback = footage.Fallback(self.manifest.entries, quarantine, on_error)

    def targets(self, path, start):
        """Targets and weights of the window of a video that starts at a step: float32 (steps, classes + 1)."""
        options, steps = self.options, self.clip.frames
        dilation = round(options.dilation_seconds * self.rate)
        targets = step_targets(self.spans.of(path), self.ids, self.rate, start, steps, options.none_class, dilation)
        weights = np.where(happens(targets, options.none_class), options.foreground_weight, 1.0)
        weights[max(self.lengths[path] - start, 0):] = 0
        return np.concatenate([targets, weights[:, None]], axis=1).astype(np.float32)

    def window(self, slot, key, crop=None, full_frame=False):
        """(uint8 (1, *clip shape), targets) of the window of a slot that a key decides."""
        video, start = self.slots.drawn(slot, key)
        steps = np.minimum(np.arange(start, start + self.clip.frames), self.footage.lengths[video] - 1)
        pixels = self.footage.pixels(video, steps, key, crop, full_frame)
        return pixels, self.targets(self.paths[video], start)

    def extent(self, index):
        """As `Source.extent`, of the video of a slot."""
        return self.footage.extent(self.slots.places[index][0])

    def training(self, plan, crop, full_frame, workers):
        """As `Source.training`."""
        classes = len(self.ids) + self.options.none_class
        like = np.zeros((1, self.clip.frames, classes + 1), np.float32)

        def read(row):
            row = ROW.named(row)
            found, _ = self.fallback.read_or_next(
                lambda slot: self.window(slot, int(row["key"]), crop, full_frame), int(row["video"]))
            return found

        decoded = graph.decoded(read, graph.clips_shape(self.clip, 1, full_frame), like)
        return lambda epochs: graph.epoch_rows(epochs, plan).map(decoded, workers)

    def epoch_done(self, epoch):
        """As `Source.epoch_done`."""
        self.fallback.report(epoch)
        self.save()

    def save(self):
        """As `Source.save`."""
        self.fallback.quarantine.save()
        self.footage.save()
