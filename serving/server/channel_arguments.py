"""What `--grpc_channel_arguments` says: gRPC's own settings, over those that this server begins with."""

import re

# Names whose values gRPC wants as whole numbers.
_NUMBERS = re.compile(r"grpc\..*(_length|_size|_bytes|_ms|_streams|_strikes|_data|_reuseport|_calls)")


def parse(text):
    """`{key: value}` of comma-separated `key=value` pairs; of two values for one key the last counts, as with flags.

    Raises:
        ValueError: for what is no pair, and for a number that is none, which gRPC would pass over in silence.

    >>> parse("grpc.max_receive_message_length=1024, grpc.primary_user_agent=me")
    {'grpc.max_receive_message_length': 1024, 'grpc.primary_user_agent': 'me'}
    """
    arguments = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key and equals):
            raise ValueError("--grpc_channel_arguments must be key=value pairs with commas between them. Received: "
                             f"{pair!r}. Write it as {pair.strip('=') or 'key'}=VALUE.")
        number = re.fullmatch(r"[+-]?[0-9]+", value)
        if not (-2**31 <= int(value) < 2**31 if number else not _NUMBERS.fullmatch(key)):
            raise ValueError(f"--grpc_channel_arguments must give {key} a whole number of 32 bits. Received: "
                             f"{value!r}. gRPC takes no units, and -1 for no limit.")
        arguments[key] = int(value) if number else value
    return arguments
