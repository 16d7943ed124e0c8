"""The page of `skmedimg serve`: answers for images, and what it refuses."""

import base64
import csv
import http.client
import io
import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, UNetSegmenter
from skmedimg.cli import main
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import InputGuard, ThresholdAt
from skmedimg.images import object_table, save_mask
from skmedimg.images._for_display import data_uri
from skmedimg.inspection import ExplanationDisplay
from skmedimg.neural import segment_files
from skmedimg.saving import ModelCard, load, read_card, save
from skmedimg.serving._image_answers import ImageAnswers, threshold_of
from skmedimg.serving._model_server import ModelServer
from skmedimg.serving._uploads import UploadLimits

BOUNDARY = "----form7MA4YWxk"
DATA = make_lesions(40, size=32, noise=0.05, random_state=0)
TARGET = np.array(["healthy", "<b>mass"])[DATA.target]


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


PNG = png(DATA.images[0])


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """A classifier that has seen the first 30 images as files."""
    folder = tmp_path_factory.mktemp("serve")
    paths = [folder / f"{row}.png" for row in range(30)]
    for path, image in zip(paths, DATA.images, strict=False):
        path.write_bytes(png(image))
    model = Pipeline([ImageLoader(32), HOG(), LogisticRegression(C=0.1)]).fit(paths, TARGET[:30])
    return save(model, folder / "m.skmed", X=paths, y=TARGET[:30], notes="Synthetic <scans>.")


@pytest.fixture(scope="module")
def answers(model_file):
    return ImageAnswers(load(model_file), read_card(model_file))


@pytest.fixture
def start():
    """Start servers in threads, and close them after the test."""
    servers = []

    def started(answers, **limits):
        server = ModelServer(answers, 0, UploadLimits(**limits))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return server

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(start, answers):
    return start(answers)


def form(*files):
    """Return the body that a browser sends for (name, bytes) of files."""
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="images"; filename="{name}"\r\n'
        f"Content-Type: image/png\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    )
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def ask(server, method="GET", place="", body=None, **headers):
    """Return status, headers and text of a response; `place` follows the secret word."""
    port = server.server_address[1]
    path = place if place.startswith("/") else f"/{server.word}/{place}"
    given = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, given)
    response = connection.getresponse()
    content = response.read().decode("utf-8-sig")
    connection.close()
    return response.status, response.headers, content


def upload(server, *files, **headers):
    return ask(server, "POST", "answers", form(*files), **headers)


def table_of(server, page):
    [place] = re.findall(r'href="(answers-[\w-]+\.csv)"', page)
    status, headers, text = ask(server, place=place)
    assert status == 200
    assert headers["Content-Disposition"] == 'attachment; filename="answers.csv"'
    return list(csv.reader(io.StringIO(text)))


def test_the_page_says_what_it_is_and_loads_nothing(server):
    status, headers, page = ask(server)
    assert status == 200
    assert "not a medical device" in page
    assert "Synthetic &lt;scans&gt;." in page
    assert "&lt;b&gt;mass: 1" in page  # images per class, of the model card
    assert "<script" not in page
    assert "http" not in page
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'nonce-")
    [nonce] = re.findall(r"nonce-([\w-]+)'", policy)
    assert f'<style nonce="{nonce}">' in page
    assert 'style="' not in page  # the policy would drop it
    assert headers["Cache-Control"] == "no-store"
    assert server.server_address[0] == "127.0.0.1"


class Labels(HTMLParser):
    """Collects ids, what labels are for, and images without a text."""

    def __init__(self):
        super().__init__()
        self.ids, self.labeled, self.silent = set(), set(), []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        self.labeled |= {attrs.get("for"), attrs.get("aria-labelledby")} - {None}
        if (tag == "img" and not attrs.get("alt")) or (
            tag == "meter" and "aria-label" not in attrs
        ):
            self.silent.append(tag)


def test_answers_are_those_of_the_model(server, answers, tmp_path):
    new = [png(image) for image in DATA.images[38:40]]
    paths = [tmp_path / f"{row}.png" for row in range(2)]
    for path, content in zip(paths, new, strict=True):
        path.write_bytes(content)
    status, _, page = upload(server, ("a.png", new[0]), ("b, c.png", new[1]), ("seen.png", PNG))
    assert status == 200
    assert page.count("trained on this file") == 1
    head, *rows = table_of(server, page)
    assert head == ["file", "label", "p(<b>mass)", "p(healthy)", "warning", "error"]
    assert [row[0] for row in rows] == ["a.png", "b, c.png", "seen.png"]
    assert [row[1] for row in rows[:2]] == answers.model.predict(paths).tolist()
    shares = np.array([row[2:4] for row in rows[:2]], float)
    np.testing.assert_allclose(shares, answers.model.predict_proba(paths), atol=5e-5)
    assert [bool(row[4]) for row in rows] == [False, False, True]
    found = Labels()
    found.feed(page)
    assert "images" in found.labeled
    assert found.labeled <= found.ids
    assert found.silent == []


def test_damaged_files_have_their_message_and_the_others_their_answer(server):
    name = "<script>alert(1)</script>.png"
    bad = [("cut.png", PNG[:200]), ("empty.png", b""), (f"../../{name}", b"=1+1")]
    status, _, page = upload(server, *bad, ("=1+1.png", PNG))
    assert status == 200
    assert "<script" not in page
    assert "script&gt;.png" in page
    assert page.count("No answer.") == 3
    assert "&#39;empty.png&#39; is empty (0 bytes)." in page
    rows = table_of(server, page)[1:]
    assert [bool(row[-1]) for row in rows] == [True, True, True, False]
    assert rows[3][0] == "'=1+1.png"  # no spreadsheet takes it for a formula
    assert all(os.sep not in row[-1] for row in rows[:2])  # no path of this machine
    assert ask(server)[0] == 200


def test_files_are_limited_in_pixels_bytes_and_number(start, answers, monkeypatch):
    monkeypatch.setattr("skmedimg.serving._image_answers.MAX_PIXELS", 1000)
    server = start(answers, max_bytes=5000, max_files=2)
    _, _, page = upload(server, ("a.png", PNG))
    assert "has 32 x 32 pixels, more than max_pixels=1000" in page
    status, _, page = upload(server, ("a.png", bytes(20_000)))
    assert (status, "more than 0.005 MB" in page) == (413, True)
    for count in (3, 9):
        status, _, page = upload(server, *[("a.png", b"x")] * count)
        assert (status, "more than 2 files" in page) == (413, True)
    assert ask(server)[0] == 200


def test_slow_files_are_given_up(start, answers, monkeypatch):
    monkeypatch.setattr("skmedimg.serving._image_answers.MAX_SECONDS", 1e-9)
    _, _, page = upload(start(answers), ("slow.png", PNG))
    assert "&#39;slow.png&#39; takes more than 1e-09 s to decode" in page
    assert "verify" not in page


def test_forms_that_are_none_are_refused(server):
    assert upload(server, ("", b""))[0] == 400  # no file was chosen
    assert ask(server, "POST", "answers", b"x", Content_Type="text/plain")[0] == 400
    assert ask(server, "POST", "answers", form(("a.png", PNG))[:-40])[0] == 400
    assert ask(server, "POST", "answers", form(("a", b"")), Content_Length="x")[0] == 411
    assert ask(server, "PUT", "answers", form(("a", b"")))[0] == 501


def test_other_sites_and_other_users_are_refused(server):
    port = server.server_address[1]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}"):
        assert ask(server, Host=host)[0] == 403
    assert ask(server, Host=f"localhost:{port}")[0] == 200
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port + 1}"):
        assert upload(server, ("a.png", PNG), Origin=origin)[0] == 403
    assert upload(server, ("a.png", PNG), Origin=f"http://127.0.0.1:{port}")[0] == 200
    for place in ("/", "/wrong/", f"/{server.word}", "/%2e%2e/etc/passwd", "//evil.example/"):
        status, _, text = ask(server, place=place)
        assert (status, server.word in text) == (404, False)
    assert ask(server, "POST", "/wrong/answers", form(("a.png", PNG)))[0] == 404
    assert ask(server, "POST", "", form(("a.png", PNG)))[0] == 404
    for place in ("answers", "answers-.csv", "answers-x.csv", "../m.skmed", "?x"):
        assert ask(server, place=place)[0] == 404


def test_two_requests_at_once_and_no_file_stays(server, answers):
    files = [[(f"{k}-{row}.png", png(DATA.images[row])) for row in range(3)] for k in range(2)]
    with ThreadPoolExecutor(2) as pool:
        pages = [page for _, _, page in pool.map(lambda each: upload(server, *each), files)]
    tables = [[row[0] for row in table_of(server, page)[1:]] for page in pages]
    assert tables == [[name for name, _ in each] for each in files]
    folder = server._folder.name
    assert os.listdir(folder) == []
    server.server_close()
    assert not os.path.exists(folder)


def test_old_tables_are_dropped(server):
    keys = [server.answer_files([])[1] for _ in range(21)]
    assert [server.table(key) is None for key in keys] == [True] + [False] * 20


def test_a_segmenter_shows_its_mask(start, tmp_path):
    model = UNetSegmenter(4, max_epochs=2, random_state=0).fit(DATA.images, DATA.masks)
    path = tmp_path / "scan.png"
    Image.fromarray(DATA.images[3]).resize((60, 48)).save(path)
    server = start(ImageAnswers(model, ModelCard("UNetSegmenter")))
    _, _, page = upload(server, ("scan.png", path.read_bytes()), ("bad.png", b"?"))
    assert page.count("data:image/jpeg") == 2
    head, row, bad = table_of(server, page)
    assert head == ["file", "pixels(1)", "objects(1)", "warning", "error"]
    [mask] = segment_files(model, [path])
    assert row[1:3] == [str((mask == 1).sum()), str(len(object_table([mask])))]
    [(content, name)] = re.findall(r'href="data:image/png;base64,([^"]+)" download="([^"]+)"', page)
    assert name == "scan_mask.png"
    (tmp_path / name).write_bytes(base64.b64decode(content))
    save_mask(tmp_path / "expected.png", mask)
    assert (tmp_path / name).read_bytes() == (tmp_path / "expected.png").read_bytes()
    assert bad[1:3] == ["", ""]


def test_a_convolutional_network_shows_where_it_looked(tmp_path):
    network = ScratchCNN((4,), max_epochs=1, random_state=0).fit(DATA.images, DATA.target)
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    for threshold in (0.0, 1.1):  # the map is that of the answer, also against the larger score
        model = FixedThresholdClassifier(
            FrozenEstimator(network), threshold=threshold, response_method="predict_proba"
        ).fit(DATA.images, DATA.target)
        answer = ImageAnswers(model, ModelCard("ScratchCNN")).answer(str(path), "a.png")
        label = int(threshold == 0)
        assert (answer.error, answer.label) == ("", str(label))
        assert f"raise the score of {label} (Grad-CAM)" in answer.overlay_words
        display = ExplanationDisplay.from_estimator(
            network, [path], target=label, method="grad-cam", plot=False
        )
        assert answer.overlay == data_uri(display.overlays()[0], 480)


def test_warnings_of_the_model_stand_beside_the_answer(tmp_path):
    network = ScratchCNN((4,), max_epochs=1, random_state=0).fit(DATA.images, DATA.target)
    model = Pipeline([ImageLoader(32).fit(DATA.images), network])
    path = tmp_path / "deep.png"
    path.write_bytes(png(DATA.images[0].astype(np.uint16) * 16))
    answer = ImageAnswers(model, ModelCard("ScratchCNN")).answer(str(path), "deep.png")
    [warning] = answer.warnings  # once, though several steps warn
    assert "X holds uint16" in warning
    assert answer.label


def test_images_unlike_those_of_training_are_warned_of(start, answers):
    guard = InputGuard().fit(DATA.images)
    server = start(ImageAnswers(answers.model, ModelCard("HOG"), guard))
    noise = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    _, _, page = upload(server, ("noise.png", png(noise)), ("scan.png", png(DATA.images[35])))
    assert page.count("unlike the training images") == 1
    assert [bool(row[-2]) for row in table_of(server, page)[1:]] == [True, False]


def test_the_threshold_of_the_model_is_shown(start):
    model = ThresholdAt(
        Pipeline([HOG(), LogisticRegression(C=0.1)]), sensitivity=0.8, pos_label="healthy"
    )
    model = model.fit(DATA.images, TARGET)
    assert threshold_of(model) == (model.pos_label_, model.threshold_)
    assert threshold_of(model.estimator_) is None
    server = start(ImageAnswers(model, ModelCard("ThresholdAt")))
    _, _, page = upload(server, ("a.png", PNG), ("bad.png", b"?"))
    head, row, bad = table_of(server, page)
    assert (head[4], row[4]) == ("threshold(healthy)", f"{model.threshold_:.4f}")
    assert (len(bad), bad[4]) == (len(head), "")
    assert f"<small>threshold {model.threshold_:.3f}</small>" in page


@pytest.fixture
def interruptible():
    """Let SIGINT end what runs, which a shell ignores in commands that it starts with "&"."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("interruptible")
def test_the_command_opens_the_address_and_ends_on_signals(ending, model_file, capsys, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    pages = []

    def browse(address):
        port, word = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/([\w-]{20,})/", address).groups()
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
        connection.request("GET", f"/{word}/")  # answered once the server runs
        pages.append((address, connection.getresponse().status))
        connection.close()
        os.kill(os.getpid(), ending)

    monkeypatch.setattr("webbrowser.open", browse)
    assert main(["serve", str(model_file), "--port", "0"]) == 0
    out, err = capsys.readouterr()
    assert pages == [(out.strip(), 200)]
    assert err.rstrip().endswith("stopped")
    assert signal.getsignal(signal.SIGTERM) is before


def test_ports_that_cannot_be_used_are_named(server, model_file, capsys):
    port = server.server_address[1]
    assert main(["serve", str(model_file), "--port", str(port), "--no-browser"]) == 3
    assert f"port {port} cannot be used" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["serve", str(model_file), "--port", "70000"])
    assert "from 0 to 65535" in capsys.readouterr().err
