"""The raster image of a figure as a PNG file, without a word of metadata."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

COMPRESSION = {"compress_level": 3}  # of zlib: the next levels save a seventh of the bytes for a quarter more time


def to_png(figure: Figure) -> bytes:
    """Draw a figure at its own resolution; give the PNG, the same bytes every time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, pil_kwargs=COMPRESSION)
    return buffer.getvalue()
