"""What all tests share: the data, the scripts as modules, and a main() that ends in a moment."""
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]  # however and wherever pytest is started
import common  # before Matplotlib; common.py says why
import judge
import matplotlib
import scripts

matplotlib.use("Agg")  # a student's own plt.show() opens no window


def pytest_configure(config):
    """What a pytest.ini would say, where it cannot get lost."""
    config.addinivalue_line("markers", "full: for whoever maintains the repository")
    config.addinivalue_line("filterwarnings", "ignore:FigureCanvasAgg")  # of a student's plt.show()
    config.addinivalue_line("filterwarnings", "ignore:Mean of empty slice")  # labels tried as Y
    if sys.platform == "darwin":
        config.addinivalue_line("filterwarnings", "ignore:.* in matmul")  # as in common.py
    if not config.option.markexpr:
        config.option.markexpr = "not full"
    if config.option.tbstyle == "auto":
        config.option.tbstyle = "short"
    config.option.showcapture = "no"  # what a script prints; pytest -s shows it
    if config.option.reportchars == "fE":  # pytest's default
        config.option.reportchars = "s"  # why a test is skipped; failures are above, in full


@pytest.fixture(params=scripts.SCRIPTS)
def script(request):
    """A script as a module, if it and common.py can be used at all."""
    scripts.fail_with(common, judge.helpers_fault())
    script, fault = scripts.load(scripts.ROOT / f"{request.param}.py")
    scripts.fail_with(script, fault)
    return script


@pytest.fixture(scope="session")
def mnist():
    """(X_train, labels_train), (X_test, labels_test): all of MNIST, in float32."""
    try:
        return common.load_mnist()
    except SystemExit as end:
        pytest.exit(str(end), returncode=1)


@pytest.fixture
def images(mnist):
    """X (97, 784), in float64, of many digits; labels (97,). 97 is a number that nobody writes."""
    (X, labels), _ = mnist
    return X[:97].astype(float), labels[:97]


@pytest.fixture
def figures(monkeypatch):
    """The figures that would have been saved, by their file names."""
    figures = {}

    def savefig(figure, path="", **options):
        figures[Path(str(path)).name] = figure

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    return figures


@pytest.fixture
def small_mnist(mnist, figures, monkeypatch):
    """Let main() load 500 images for training and 200 for the test; return them."""
    (X, labels), (X_test, labels_test) = mnist
    train = pixels(X[:500]), labels[:500]
    test = pixels(X_test[:200]), labels_test[:200]
    monkeypatch.setattr(common, "load_with_keras", lambda: (train, test))
    return common.load_mnist()


def pixels(X):
    """Return images (m, 28, 28), from 0 to 255, from X (m, 784)."""
    return np.rint(255 * X).astype(np.uint8).reshape(-1, 28, 28)
