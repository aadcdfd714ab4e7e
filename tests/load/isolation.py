"""Whether anything of one visitor reaches another, or is kept.

    python -m tests.load.isolation [--visitors 50]

Each visitor comes with a text of their own in the link, and uploads a picture of their own under a name of
its own. Then everything that each of them was sent is searched for the others' marks, as are the server's
log, the store and the metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import re
import tempfile
import urllib.request
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tests.load.client import Visitor
from tests.support.browser import App
from tests.support.copies import KEY

PAGE = "your_digit"
# The steps of a picture's preparation: what came in, and what was made of it.
STEP = re.compile(rb'<figure><img src="(data:image/png;base64,[A-Za-z0-9+/=]+)"')
MEDIA = re.compile(rb"/media/[0-9a-f]{20,}[.\w]*")


@dataclass(frozen=True)
class Found:
    """What was searched, and where a mark turned up that should not have."""

    frames: int
    bytes: int
    pictures_of_their_own: int
    leaks: list[str]


def mark(i: int) -> str:
    return f"watermark{i:04d}x"


def picture(i: int) -> bytes:
    """A picture that no other visitor has: dark strokes at places of its own on white paper."""
    random = np.random.default_rng(i)
    paper = Image.new("L", (120, 120), 255)
    places = random.integers(25, 90, (4, 2))
    for x, y in places:
        paper.paste(0, (int(x), int(y), int(x) + 9, int(y) + 9))
    for (x, y), (u, v) in pairwise(places):
        for share in np.linspace(0, 1, 40):
            at = int(x + share * (u - x)), int(y + share * (v - y))
            paper.paste(0, (*at, at[0] + 8, at[1] + 8))
    file = io.BytesIO()
    paper.filter(ImageFilter.GaussianBlur(1)).save(file, "PNG")
    return file.getvalue()


async def searched(app: App, count: int) -> Found:
    """`app` must know KEY for its metrics."""
    async with AsyncExitStack() as stack:

        async def joined(query: str) -> Visitor:
            visitor = Visitor(app.url, PAGE, query=query)
            visitor.keeps_frames = True
            await stack.enter_async_context(visitor)
            await visitor.open()
            return visitor

        nobody = await joined("digit_source=Upload")
        visitors = [
            await joined(f"digit_source=Upload&surprises_picture={mark(i)}&{mark(i)}={mark(i)}")
            for i in range(count)
        ]
        # Not one after the other: what one is being answered lies in the server's memory beside the next.
        for answer in await asyncio.gather(
            *(one.upload("own_file", f"{mark(i)}.png", picture(i)) for i, one in enumerate(visitors))
        ):
            assert not answer.failed
        await asyncio.gather(*(one.open() for one in visitors))
        return await asyncio.to_thread(_searched, app, nobody, visitors)


def _searched(app: App, nobody: Visitor, visitors: list[Visitor]) -> Found:
    leaks = []
    sent = [b"".join(one.received) for one in visitors]
    for_all = set(MEDIA.findall(b"".join(nobody.received)))  # such as the page's icon
    own = [set(STEP.findall(everything)) for everything in sent]
    for i, everything in enumerate(sent):
        if not own[i]:
            leaks.append(f"visitor {i} never saw a picture of their own, so the search proves nothing")
        for j in {*range(len(visitors))} - {i}:
            others = {
                mark(j).encode(),
                visitors[j].session.encode(),
                *own[j],
                *MEDIA.findall(sent[j]),
            } - for_all
            leaks += [
                f"visitor {i} was sent what is {j}'s: {word[:60]!r}" for word in others if word in everything
            ]
    secrets = [word.encode() for i, one in enumerate(visitors) for word in (mark(i), one.session)] + [
        picture(i)[-200:] for i in range(len(visitors))
    ]
    asked = urllib.request.Request(f"{app.url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        places = {"the metrics": answer.read(), "the log": app.log.read_bytes()}
    places |= {str(path): path.read_bytes() for path in app.store.root.rglob("*") if path.is_file()}
    leaks += [
        f"{secret!r} is in {place}"
        for place, content in places.items()
        for secret in secrets
        if secret in content
    ]
    return Found(sum(len(one.received) for one in visitors), sum(map(len, sent)), sum(map(len, own)), leaks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder), AE_LAB_METRICS_KEY=KEY) as app:
        found = asyncio.run(searched(app, options.visitors))
    print(f"{found.frames:,} frames, {found.bytes / 1e6:.0f} MB, {found.pictures_of_their_own} own pictures")
    print(f"{len(found.leaks)} leaks")
    print(*found.leaks[:20], sep="\n")


if __name__ == "__main__":
    main()
