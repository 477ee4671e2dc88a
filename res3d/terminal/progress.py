"""How far something has come: a bar with the time left, on a terminal alone, and only once it has taken a second.

Where stderr is no terminal, such as in a pipe or the log of a batch job, nothing is written.
"""

import contextlib
import sys
import threading
import time

SOON = 1.0  # seconds after which a bar appears; what is over by then needs none
TICK = 0.5  # seconds after which a bar is drawn anew though nothing has been counted
ALMOST = 0.95  # of a step that takes longer than expected
OF_STEPS = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"


@contextlib.contextmanager
def bar(total, what, unit, shown=True, draw=None, **options):
    """A context that gives a bar of tqdm, whose `update()` counts.

    Args:
        total: int or None. How many there are.
        what: str. What is being done, such as "probing".
        unit: str. What is counted, such as "video".
        shown: bool. False for none, also on a terminal.
        draw: function of the bar that draws it anew though nothing has been counted; None draws it as it is.
        options: further ones of tqdm.

    >>> with bar(3, "probing", "video") as counted:
    ...     _ = counted.update()
    """
    from tqdm import tqdm

    with (tqdm(total=total, desc=what, unit=unit, file=sys.stderr, disable=None if shown else True, dynamic_ncols=True,
               delay=SOON, **options) as made, _ticking(made, draw or type(made).refresh)):
        yield made


@contextlib.contextmanager
def bars(unit, shown=True):
    """A context that gives a function (what, total) which begins a bar, and ends the one before it.

    >>> with bars("video") as begin:
    ...     _ = begin("examining", 3).update()
    ...     _ = begin("taking pictures", 2).update()
    """
    with contextlib.ExitStack() as opened:
        def begin(what, total):
            opened.close()
            return opened.enter_context(bar(total, what, unit, shown))

        yield begin


@contextlib.contextmanager
def steps(what, seconds, shown=True):
    """A context that gives a function to call with the name of each step as it begins.

    Args:
        what: str. What is being done, such as "exporting".
        seconds: {step: float}, in their order. What each takes as a rule; only the proportions matter, as the time left
            follows what the steps before have taken. A step may be left out, and one that is not here changes nothing.
        shown: bool.

    >>> with steps("exporting", {"writing": 2.0, "verifying": 6.0}) as begin:
    ...     begin("writing")
    ...     begin("verifying")
    """
    course = _Course(seconds)

    def draw(made):
        _move(made, course.now(time.monotonic()))

    with bar(sum(seconds.values()), f"{what}:", "", shown, draw, bar_format=OF_STEPS, smoothing=0) as made:
        def begin(name):
            if course.begin(name, time.monotonic()) and not made.disable:
                made.set_description_str(f"{what}, {name}:", refresh=False)
                draw(made)

        yield begin
        course.end()
        draw(made)


class _Course:
    """Where steps stand at a moment, in seconds as they are expected.

    >>> course = _Course({"writing": 2.0, "verifying": 6.0})
    >>> course.begin("writing", at=0.0), course.now(1.0)
    (True, 1.0)
    >>> course.begin("verifying", at=4.0), course.now(8.0)  # it takes twice as long as expected
    (True, 4.0)
    """

    def __init__(self, seconds):
        self.seconds, self.done, self.pace, self.step = seconds, 0.0, 1.0, None
        self.started = self.begun = None
        self.over = False

    def begin(self, name, at):
        """Whether it is a step that is known and begins now."""
        order = list(self.seconds)
        if name not in order or (self.step is not None and order.index(name) <= order.index(self.step)):
            return False
        self.started = at if self.started is None else self.started
        self.done = sum(self.seconds[step] for step in order[:order.index(name)])
        if self.step is not None and at > self.started:
            self.pace = self.done / (at - self.started)
        self.step, self.begun = name, at
        return True

    def end(self):
        """All steps are behind."""
        self.over = True

    def now(self, at):
        """Expected seconds that are behind."""
        if self.over:
            return sum(self.seconds.values())
        if self.step is None:
            return 0.0
        return self.done + min((at - self.begun) * self.pace, ALMOST * self.seconds[self.step])


def _move(made, to):
    made.n = to
    if not made.disable and time.time() >= made.start_t + SOON:
        made.refresh()


@contextlib.contextmanager
def _ticking(made, draw):
    """Inside, a thread draws the bar anew every now and then, where there is one to be seen."""
    if made.disable:
        yield
        return
    over = threading.Event()

    def tick():
        while not over.wait(TICK):
            if time.time() >= made.start_t + SOON:
                draw(made)

    thread = threading.Thread(target=tick, daemon=True, name="progress")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
