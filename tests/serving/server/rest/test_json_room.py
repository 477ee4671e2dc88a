"""What the values of a JSON body take in memory has a bound, and how deep they are nested has none."""

import pytest

from serving.errors import ServingError
from serving.server.rest import json_reader


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b"[],", b"{},", b'"",', b'{"x":1},'])
def test_a_body_whose_values_take_too_much_is_refused_before_they_are_made(unit):
    body = b'{"instances": [' + unit * (16_000_000 // len(unit))
    with pytest.raises(ServingError, match=r"at most 268435456 bytes in memory. Received: 1\d{7} bytes of text th"
                       ) as refused:
        json_reader.decode(body)
    assert refused.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("content", [
    b"[0.125,0.25,0.375]," * 1000 + b"[1]", b'{"b64": "' + b"A" * 4000 + b'"}',
    b"[[1, 2, 3], [4, 5, 6]]," * 1000 + b"[[1, 2, 3], [4, 5, 6]]"])
def test_what_clients_send_has_room(monkeypatch, content):
    body = b'{"instances": [' + content + b"]}"
    whole = json_reader.decode(body)
    monkeypatch.setattr(json_reader, "MOST_PARSED", 2**20)
    assert str(json_reader.decode(body)) == str(whole)


def test_a_large_body_has_as_many_times_its_own_size(monkeypatch):
    monkeypatch.setattr(json_reader, "MOST_PARSED", 2**10)
    assert len(json_reader.decode(b"[" + b"[0.125,0.25,0.375]," * 10_000 + b"1]")) == 10_001
    with pytest.raises(ServingError, match="in memory"):
        json_reader.decode(b"[" + b"[]," * 10_000 + b"1]")
