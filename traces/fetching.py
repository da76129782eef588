"""Public traces brought onto this machine: with a progress bar, retried, checked, and never left half under their name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traces.catalogue import DataSet, PublicFile
from traces.errors import TraceError
from traces.files import sha256

if TYPE_CHECKING:
    from requests import RequestException

ATTEMPTS = 3
WAIT_S = 1.0
TIMEOUT_S = 30.0
CHECKSUMS = "checksums.json"
Bar = Callable[[str, int | None], Any]


def fetch(known: DataSet, folder: Path, bar: Bar | None = None, wait_s: float = WAIT_S) -> dict[str, str]:
    """Bring all files of a data set into `folder`; those that are there and whole are kept.

    The digest of a file whose digest nobody knew is noted in `folder`, so that a later fetch notices if another file is published.

    Args:
        known: the data set.
        folder: of the data set; made if it is not there.
        bar: called with name and size of a file, gives what pooch takes as a progress bar: `total`, `update`, `reset`, `close`.
        wait_s: before the second attempt; twice that before the third.

    Returns:
        For each file "here" (it was), "fetched", or "fetched, digest noted".

    Raises:
        TraceError: files have to be got by hand, or could not be had or are not what they should be; all files are tried first.
    """
    if not known.files:
        raise TraceError(f"{known.name} cannot be fetched; get it by hand from {known.origin}, and put it into {folder}")
    noted = _noted(folder)
    ended: dict[str, str] = {}
    problems: list[str] = []
    for name, file in known.files.items():
        path, digest = folder / name, file.sha256 or noted.get(name)
        if path.is_file() and (digest is None or sha256(path) == digest):
            ended[name] = "here"
            _unpack(path, file)
            continue
        if file.url is None:
            problems.append(f"{name} has to be got by hand from {known.origin}; put it at {path}")
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _download(file.url, path, digest, file, bar, wait_s)
            _unpack(path, file)
        except (TraceError, OSError) as error:
            problems.append(f"{name}: {error}. By hand: download {file.url} and put it at {path}")
            continue
        ended[name] = "fetched"
        if digest is None:
            noted[name] = sha256(path)
            (folder / CHECKSUMS).write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")
            ended[name] = "fetched, digest noted"
    if problems:
        raise TraceError(*problems)
    return ended


def _noted(folder: Path) -> dict[str, str]:
    try:
        noted: dict[str, str] = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TraceError(f"{folder / CHECKSUMS}: cannot be read ({error}); remove it, and digests are noted anew") from None
    return noted


def _download(url: str, path: Path, digest: str | None, file: PublicFile, bar: Bar | None, wait_s: float) -> None:
    """One file; what can pass is tried three times, what cannot is not."""
    from requests import RequestException

    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _quiet_pooch() as pooch:
                shown = bar(path.name, file.bytes) if bar else False
                downloader = pooch.HTTPDownloader(progressbar=shown, timeout=TIMEOUT_S)
                pooch.retrieve(url, known_hash=digest, fname=path.name, path=path.parent, downloader=downloader)
        except ValueError:
            raise TraceError(f"{url} gives another file than it should (its SHA-256 is not {digest})") from None
        except RequestException as error:
            if attempt == ATTEMPTS or not _may_pass(error):
                raise TraceError(_reason(url, error)) from None
            time.sleep(attempt * wait_s)
        else:
            break
    if file.bytes is not None and path.stat().st_size != file.bytes and digest is None:
        path.unlink()
        raise TraceError(f"{url} gives a file of another size than {file.bytes} bytes")


def _unpack(path: Path, file: PublicFile) -> None:
    """The files of an archive, beside it."""
    from zipfile import BadZipFile, ZipFile

    if not file.unpack:
        return
    try:
        with ZipFile(path) as archive:
            archive.extractall(path.parent)
    except BadZipFile:
        path.unlink()
        raise TraceError(f"{file.url} gives what is no ZIP archive") from None


@contextmanager
def _quiet_pooch() -> Iterator[Any]:
    """pooch without its remarks about digests, which are not the user's business."""
    import logging

    import pooch

    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield pooch
    finally:
        logger.setLevel(before)


def _may_pass(error: RequestException) -> bool:
    """Whether another attempt may end better: not if the server says that the request is at fault."""
    return error.response is None or error.response.status_code >= 500 or error.response.status_code == 429


def _reason(url: str, error: RequestException) -> str:
    from requests import ConnectionError as NoConnection

    if error.response is not None:
        return f"{url} answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, NoConnection):
        return f"{url} cannot be reached (is this machine offline?)"
    return f"{url} broke off ({' '.join(str(error).split())[:200]})"
