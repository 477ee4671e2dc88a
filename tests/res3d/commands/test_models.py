"""`res3d models`: a table, the same as JSON, and no TensorFlow to wait for."""

import json
import subprocess
import sys

from res3d.commands.main import main
from res3d.networks.variants.table import VARIANTS


def test_table_lists_every_network(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["name", "rank", "parameters", "GMACs"]
    assert [line.split()[0] for line in lines[1:]] == list(VARIANTS)
    (row,) = (line for line in lines if line.startswith("r3d_18 "))
    assert row.split()[1:6] == ["3", "33,371,472", "40.697", "16x1", "112x112"]
    assert "63.20" in row
    assert "torchvision: Kinetics-400, 5 clips" in row


def test_json_says_the_same(capsys):
    assert main(["models", "--json", "slowfast_r50"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["slowfast_r50_4x16", "slowfast_r50_8x8"]
    assert rows[0]["parameters"] == 34_480_216
    assert rows[0]["clip"]["frames"] == 32
    assert set(rows[0]) == {"name", "rank", "parameters", "classes", "gmacs", "clip", "top1", "protocol", "source"}


def test_a_name_that_fits_nothing(capsys):
    assert main(["models", "inception"]) == 1
    assert "Names must be part of a network's name. Received: inception." in capsys.readouterr().err


def test_it_starts_without_tensorflow():
    script = ("import sys; from res3d.commands.main import main; main(['models', 'x3d']); "
              "print('tensorflow' in sys.modules)")
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "False"


def test_memory_of_a_clip_beside_the_rest(capsys):
    assert main(["models", "--memory", "plain3d_5"]) == 0
    titles, row = capsys.readouterr().out.splitlines()
    assert "MB training  MB forward" in titles
    training, forward = map(float, row.split()[4:6])
    assert training > 3 * forward / 2 > 0
