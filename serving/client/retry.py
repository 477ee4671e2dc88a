"""Tries again what a busy or absent server refused: with growing pauses, up to a deadline."""

import random
import time

RETRIES = 8


class ServerError(OSError):
    """What a server answered instead of a prediction, or why none could be reached.

    `code` is the gRPC name, such as UNAVAILABLE, `message` the rest of the text, `retry_after` the seconds a server
    asked for, or None.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.retry_after = retry_after


def with_retries(call, timeout, retries=RETRIES, first_pause=0.1, longest_pause=5.0, sleep=time.sleep,
                 clock=time.monotonic):
    """`call(seconds_left)`, again while it raises a `ServerError` with code UNAVAILABLE.

    Args:
        call: function of the seconds that are left.
        timeout: float. Seconds for all tries and pauses together.
        retries: int. Tries after the first.
        first_pause: float. Seconds before the second try; doubled for each later one, and shortened at random by up to
            half, so that many clients do not return at once. A pause that the server asks for is kept at least.
        longest_pause: float. Seconds.

    Raises:
        ServerError: the last one; DEADLINE_EXCEEDED if no time was left.
    """
    end = clock() + timeout
    pause = first_pause
    for number in range(retries + 1):
        left = end - clock()
        try:
            if left <= 0:
                raise ServerError("DEADLINE_EXCEEDED", f"no answer within {timeout:g} s")
            return call(left)
        except ServerError as error:
            wait = max(pause * random.uniform(0.5, 1), error.retry_after or 0)
            if error.code != "UNAVAILABLE" or number == retries or clock() + wait >= end:
                raise
        sleep(wait)
        pause = min(2 * pause, longest_pause)
    return None
