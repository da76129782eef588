"""Files that are whole or as they were."""

import os
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write `text` beside `path` and put it in its place at once."""
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
