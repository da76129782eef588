"""Fetching public traces, from a real HTTP server that behaves well, badly, and not at all."""

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from traces.catalogue import DataSet
from traces.errors import TraceError
from traces.fetching import fetch

CONTENT = b"arrived_at,num_prefill_tokens,num_decode_tokens\n" + b"0.5,7,3\n" * 20_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def archive():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("set-main/data/a.csv", CONTENT)
    return packed.getvalue()


class Server(ThreadingHTTPServer):
    """Notes what is asked, and serves a file in the ways of `Handler`."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    """`/good`, `/moved`, `/gone` (404), `/broken` (500), `/tired` (500 twice), `/cut`, `/shaky` (cut once), `/other`, `/archive`."""

    def do_GET(self):
        self.server.asked.append(self.path)
        times = self.server.asked.count(self.path)
        if self.path == "/gone":
            self.send_error(404)
        elif self.path == "/broken" or (self.path == "/tired" and times < 3):
            self.send_error(500)
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
        else:
            content = {"/other": b"something else\n", "/archive": archive()}.get(self.path, CONTENT)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            cut = self.path == "/cut" or (self.path == "/shaky" and times == 1)
            self.wfile.write(content[:5000] if cut else content)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def known(server):
    def made(path, **stated):
        url = f"http://127.0.0.1:{server.server_port}{path}"
        return DataSet(
            name="mine", title="t", citation="c", licence="l", kind="requests", format="vidur", span="s",
            files={"a.csv": {"url": url, **stated}}, **{"from": "somewhere"},
        )  # fmt: skip

    return made


@pytest.mark.parametrize(("path", "times"), [("/good", 1), ("/moved", 1), ("/tired", 3), ("/shaky", 2)])
def test_a_file_is_fetched_past_redirects_and_passing_troubles(path, times, known, server, tmp_path):
    assert fetch(known(path, sha256=DIGEST), tmp_path / "mine", wait_s=0.01) == {"a.csv": "fetched"}

    assert (tmp_path / "mine" / "a.csv").read_bytes() == CONTENT
    assert server.asked.count(path) == times
    assert fetch(known(path, sha256=DIGEST), tmp_path / "mine") == {"a.csv": "here"}
    assert server.asked.count(path) == times


@pytest.mark.parametrize(
    ("path", "words", "times"),
    [
        ("/gone", ["404"], 1),
        ("/broken", ["500"], 3),
        ("/cut", ["broke off"], 3),
        ("/other", ["another file than it should", DIGEST], 1),
    ],
)
def test_what_cannot_be_had_is_told_with_the_way_by_hand(path, words, times, known, server, tmp_path):
    with pytest.raises(TraceError) as error:
        fetch(known(path, sha256=DIGEST), tmp_path / "mine", wait_s=0.01)

    for word in [*words, "By hand: download", str(tmp_path / "mine" / "a.csv"), path]:
        assert word in str(error.value)
    assert server.asked.count(path) == times
    assert not list((tmp_path / "mine").iterdir())


def test_a_machine_without_network_is_told_what_to_do(known, server, tmp_path):
    made = known("/good", sha256=DIGEST)
    server.shutdown()
    server.server_close()
    with pytest.raises(TraceError, match=r"cannot be reached \(is this machine offline\?\).*By hand: download"):
        fetch(made, tmp_path / "mine", wait_s=0.01)


def test_the_first_fetch_notes_a_digest_that_nobody_knew(known, server, tmp_path):
    assert fetch(known("/good"), tmp_path) == {"a.csv": "fetched, digest noted"}
    assert json.loads((tmp_path / "checksums.json").read_text()) == {"a.csv": DIGEST}
    assert fetch(known("/good"), tmp_path) == {"a.csv": "here"}

    (tmp_path / "a.csv").write_bytes(b"damaged")
    assert fetch(known("/good"), tmp_path) == {"a.csv": "fetched"}
    (tmp_path / "a.csv").unlink()
    with pytest.raises(TraceError, match="another file than it should"):
        fetch(known("/other"), tmp_path)


def test_a_file_of_another_size_is_refused(known, tmp_path):
    with pytest.raises(TraceError, match="another size than 17 bytes"):
        fetch(known("/good", bytes=17), tmp_path)
    assert not (tmp_path / "a.csv").exists()


def test_progress_is_told_in_bytes(known, tmp_path):
    class Bar:
        total, seen = 0, 0

        def update(self, count):
            self.seen += count

        def reset(self):
            self.seen = 0

        def close(self):
            pass

    bar = Bar()
    fetch(known("/good"), tmp_path, lambda name, size: bar)
    assert bar.total == len(CONTENT)


def test_a_set_to_be_got_by_hand_says_from_where(tmp_path):
    made = DataSet(name="m", title="t", citation="c", licence="l", kind="spot", format="bamboo", span="s", files={}, **{"from": "the moon"})
    with pytest.raises(TraceError, match="cannot be fetched; get it by hand from the moon"):
        fetch(made, tmp_path)
    two = DataSet(
        name="m",
        title="t",
        citation="c",
        licence="l",
        kind="spot",
        format="bamboo",
        span="s",
        files={"a": None, "b": None},
        **{"from": "Mars"},
    )
    with pytest.raises(TraceError, match=r"(?s)a has to be got by hand.*b has to be got by hand"):
        fetch(two, tmp_path)


def test_an_archive_is_unpacked_beside_itself(known, server, tmp_path):
    made = known("/archive", unpack=True)
    fetch(made, tmp_path)

    assert (tmp_path / "set-main" / "data" / "a.csv").read_bytes() == CONTENT
    (tmp_path / "set-main" / "data" / "a.csv").unlink()
    assert fetch(made, tmp_path) == {"a.csv": "here"}
    assert (tmp_path / "set-main" / "data" / "a.csv").exists()
    assert len(server.asked) == 1


def test_what_is_no_archive_is_not_unpacked(known, tmp_path):
    with pytest.raises(TraceError, match="is no ZIP archive"):
        fetch(known("/good", unpack=True), tmp_path)
