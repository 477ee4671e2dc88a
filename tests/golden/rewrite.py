"""Runs the original networks once on formula weights and clips, and stores what they answer: `NAME.npz` for each case.

Neither the package nor its tests import this. It runs in an environment of its own:

    pip install torch==2.13.0 numpy pillow av opencv-python-headless yapf addict rich termcolor scipy einops
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 pytorchvideo==0.1.5 fvcore iopath parameterized yacs tabulate
    pip install --no-deps portalocker
    pip install --no-deps mmaction2==1.2.0 mmengine==0.10.7 mmcv-lite==2.1.0 importlib_metadata decord

    python tests/golden/rewrite.py                    # every case that has no file yet
    python tests/golden/rewrite.py torchvision/r3d_18 --force

A file holds `shapes` (the state dict's keys and shapes, as text), and for each clip i `logits_i` and `stage_i_NAME`,
samples of the stage's output in channels-last order.
"""

import argparse
import os
import sys
import time

import cases
import formula
import numpy as np
import torch
from originals import kenshohara, volumes


class FrameByFrame(torch.nn.Module):
    """A 2D network on each frame of one clip, its logits averaged."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x[0].transpose(0, 1)).mean(0, keepdim=True)


def original(name):
    """(network, taps, rename, prefix of its own names) of a case."""
    source, case = name.split("/")[0], cases.CASES[name]
    if source in ("torchvision", "torchvision_image", "vmz"):
        from originals import torchvision_models
    if source == "torchvision":
        return *torchvision_models.video_net(*case.original), str, ""
    if source == "torchvision_image":
        net, taps = torchvision_models.image_net(*case.original)
        return FrameByFrame(net), {tap: f"net.{path}" for tap, path in taps.items()}, str, "net."
    if source == "vmz":
        return *torchvision_models.vmz_net(*case.original), str, ""
    if source == "timm":
        from originals import timm_models
        net, taps = timm_models.net(*case.original)
        return FrameByFrame(net), {tap: f"net.{path}" for tap, path in taps.items()}, str, "net."
    if source == "tsm":
        from originals import tsm
        return *tsm.net(*case.original), str, ""
    if source in ("medicalnet", "i3resnet", "ibm"):
        return *volumes.net(*case.original), str, ""
    if source.startswith("kenshohara"):
        return *kenshohara.net(*case.original), str, ""
    if source == "mmaction2":
        from originals import mmaction
        return *mmaction.net(*case.original), str, ""
    from originals import pytorchvideo_hub
    if source == "pyslowfast":
        net, taps, rename = pytorchvideo_hub.pyslowfast_net(*case.original)
        return net, taps, rename, ""
    net, taps = pytorchvideo_hub.net(*case.original)
    return net, taps, str, "net." if hasattr(net, "alpha") else ""


def scaled(pixels, source):
    """A uint8 clip (frames, height, width, 3) as the original wants it: (1, 3, frames, height, width) float32."""
    scale = cases.SCALES[source]
    x = pixels.astype(np.float64) / 255 * scale.get("top", 1.0)
    x = (x - np.array(scale["mean"])) / np.array(scale["std"])
    return torch.from_numpy(x.astype(np.float32)).permute(3, 0, 1, 2)[None].contiguous()


def rewrite(name):
    """Runs one case and writes its file."""
    case, source = cases.CASES[name], name.split("/")[0]
    net, taps, rename, prefix = original(name)
    names = {key: rename(key.removeprefix(prefix)) for key in net.state_dict()}
    shapes = {names[key]: tuple(value.shape) for key, value in net.state_dict().items()}
    net.load_state_dict({key: torch.from_numpy(np.asarray(formula.tensor(names[key], value.shape)))
                         for key, value in net.state_dict().items()})
    net.eval()
    caught = {}

    def catch(tap):
        def hook(module, inputs, output):
            caught[tap] = formula.sample(output.movedim(1, -1).contiguous().numpy())
        return hook

    for tap, path in taps.items():
        net.get_submodule(path).register_forward_hook(catch(tap))
    lines = [f"{key} {' '.join(map(str, shape))}".rstrip() for key, shape in shapes.items()]
    arrays = {"shapes": np.frombuffer("\n".join(lines).encode(), np.uint8)}
    for index, size in enumerate(case.sizes):
        with torch.inference_mode():
            answer = net(scaled(formula.clip((*size, case.channels)), source))[0]
        answer = answer.log() if case.probabilities else answer
        arrays[f"logits_{index}"] = answer.numpy()
        arrays |= {f"stage_{index}_{tap}": values for tap, values in caught.items()}
    path = cases.golden(name)
    path.parent.mkdir(exist_ok=True)
    aside = path.with_name(f"{path.stem}.part.npz")
    np.savez_compressed(aside, **arrays)
    os.replace(aside, path)
    spread = {tap: float(np.abs(values).max()) for tap, values in caught.items()}
    count = sum(p.numel() for p in net.parameters())
    print(f"{name}: {count:,} parameters, logits {answer.min():.3f}..{answer.max():.3f}, "
          f"largest {', '.join(f'{tap} {value:.3g}' for tap, value in spread.items())}, {path.stat().st_size:,} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="cases to rewrite; all by default")
    parser.add_argument("--force", action="store_true", help="also those that have a file")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.names or cases.CASES:
        if args.force or not cases.golden(name).exists():
            start = time.perf_counter()
            rewrite(name)
            print(f"  {time.perf_counter() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
