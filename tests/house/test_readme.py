"""The README's blocks run as printed, in their order, in an empty folder."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The two ports that the README names may be taken where the tests run.
PORTS = {"8500": "38500", "8501": "38501"}


def script(kind, text):
    if kind == "python":
        return [sys.executable, "-c", text]
    for port, other in PORTS.items():
        text = re.sub(rf":{port}\b", f":{other}", text)
    text = text.replace("res3d serve exports/actions &",
                        f"res3d serve exports/actions --port={PORTS['8500']} --rest_api_port={PORTS['8501']} &")
    return ["bash", "-e", "-c", text.replace("kill %1", "kill $!")]  # job numbers are a terminal's


def run(kind, text, folder):
    """The block's exit code and output; what it leaves running is ended."""
    environment = {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    with open(folder / "output.txt", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(script(kind, text), cwd=folder, env=environment, stdout=output, stderr=output,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            code = process.wait(timeout=400)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        return code, output.read()


@pytest.mark.slow  # trains, evaluates, exports and serves; docs/index.md runs in the quick tests
@pytest.mark.timeout(900)
def test_blocks_run_as_printed(tmp_path):
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    for kind, text in blocks:
        if shutil.which("curl") is None:
            text = re.sub(r"^curl.*\n", "", text, flags=re.MULTILINE)
        code, output = run(kind, text, tmp_path)
        assert code == 0, f"{text}\n{output[-5000:]}"
    assert (tmp_path / "exports" / "motion" / "1" / "saved_model.pb").is_file()
    assert (tmp_path / "runs" / "first" / "report.html").is_file()
