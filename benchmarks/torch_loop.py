"""A plain training loop in torch, of the network and recipe that `real_actions.py` names, on its batches.

Reads a line of JSON and then batches from standard input; prints the accuracy on the last of them, the test clips. Only
what the recipe of `--recipe=auto` for few videos has is here: differences of frames, five convolutions, AdamW with a
warm-up and a cosine, smoothed labels, averaged weights.
"""

import json
import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

GRAY = (0.299, 0.587, 0.114)  # Rec. 601
CHANNELS = (16, 32, 64, 96, 128)
POOLS = ((1, 2, 2), 2, 2, 2)


class Motion(nn.Module):
    """Change since the frame before, and difference from the mean of the clip, each by its own size."""

    def __init__(self, random_sign):
        super().__init__()
        self.random_sign = random_sign

    def forward(self, clips):
        gray = (clips.float() * torch.tensor(GRAY)).sum(-1)
        steps = gray[:, 1:] - gray[:, :-1]
        parts = [torch.cat([steps[:, :1], steps], 1), gray - gray.mean(1, keepdim=True)]
        parts = [(x / (x.square().mean((1, 2, 3), keepdim=True).sqrt() + 0.5)).clamp(-6, 6) for x in parts]
        x = torch.stack(parts, 1)
        if self.training and self.random_sign:
            x = x * (torch.randint(0, 2, (len(x), 1, 1, 1, 1)) * 2 - 1)
        return x


def network(classes, dropout, random_sign):
    """The network `plain3d_5`."""
    layers = [Motion(random_sign), nn.Conv3d(2, CHANNELS[0], 3, (1, 2, 2), 1, bias=False), *norm(CHANNELS[0])]
    for before, after, pool in zip(CHANNELS, CHANNELS[1:], POOLS):
        layers += [nn.Conv3d(before, after, 3, 1, 1, bias=False), nn.MaxPool3d(pool), *norm(after)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Dropout(dropout),
                         nn.Linear(CHANNELS[-1], classes))


def norm(channels):
    return nn.BatchNorm3d(channels, eps=1e-3, momentum=0.05), nn.ReLU()


def received(pipe, shape):
    """(clips, labels) until a batch of none, or the end."""
    while (count := int.from_bytes(pipe.read(4), "little")):
        clips = np.frombuffer(pipe.read(count * math.prod(shape)), np.uint8).reshape(count, *shape)
        labels = np.frombuffer(pipe.read(4 * count), "<i4")
        yield torch.from_numpy(clips.copy()), torch.from_numpy(labels.astype("int64"))


def main():
    pipe = sys.stdin.buffer
    head = json.loads(pipe.readline())
    recipe = head["recipe"]
    asked, clip, total = recipe["optimizer"], recipe["clip"], head["steps"] * recipe["schedule"]["epochs"]
    motion = recipe["model"]["options"].get("motion") or {}
    if recipe["model"]["name"] != "plain3d_5" or list(motion.get("channels", ())) != ["difference", "background"]:
        raise SystemExit(f"this loop has plain3d_5 on motion alone. Received: {recipe['model']}")
    torch.manual_seed(recipe["seed"])
    net = network(head["classes"], recipe["model"]["dropout"], motion.get("random_sign", False))
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": asked["weight_decay"]},
                                   {"params": plain, "weight_decay": 0.0}], lr=asked["rate"],
                                  betas=(0.9, asked.get("beta_2", 0.999)))
    average = {name: value.clone() for name, value in net.state_dict().items()}
    shape = (clip["frames"], clip["height"], clip["width"], clip["channels"])
    half = recipe["precision"] == "mixed_bfloat16"
    for step, (clips, labels) in enumerate(received(pipe, shape)):
        warm = total // 10
        rate = (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2
        for group in optimizer.param_groups:
            group["lr"] = asked["rate"] * rate
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            scores = net(clips)
        loss = functional.cross_entropy(scores.float(), labels, label_smoothing=recipe["loss"]["label_smoothing"])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), asked["clip_norm"])
        optimizer.step()
        keep = min(asked["ema"], (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            average[name] = value if not value.is_floating_point() else average[name].lerp(value, 1 - keep)
    net.load_state_dict(average)
    net.eval()
    right = count = 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        for clips, labels in received(pipe, shape):
            right, count = right + int((net(clips).argmax(1) == labels).sum()), count + len(labels)
    print(json.dumps({"top1": right / count, "videos": count}))


if __name__ == "__main__":
    main()
