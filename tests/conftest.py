"""What all tests share: the data, the scripts as modules, and a main() that ends in a moment."""
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # wherever pytest is started
import common  # noqa: E402  first, since Matplotlib may not be imported before it
import judge  # noqa: E402
import matplotlib  # noqa: E402

matplotlib.use("Agg")  # a student's own plt.show() opens no window


def pytest_configure(config):
    """What a pytest.ini would say, where it cannot get lost."""
    config.addinivalue_line("markers", "full: for whoever maintains the repository")
    config.addinivalue_line("filterwarnings", "ignore:FigureCanvasAgg")  # of a student's plt.show()
    if sys.platform == "darwin":
        config.addinivalue_line("filterwarnings", "ignore:.* in matmul")  # see common.py
    config.option.markexpr = config.option.markexpr or "not full"
    config.option.tbstyle = config.option.tbstyle.replace("auto", "short")


@pytest.fixture(params=judge.SCRIPTS)
def script(request):
    judge.check_helpers()
    return judge.load(judge.ROOT / f"{request.param}.py")


@pytest.fixture(scope="session")
def mnist():
    """(X_train, labels_train), (X_test, labels_test): all of MNIST, in float32."""
    try:
        return common.load_mnist()
    except SystemExit as end:
        pytest.exit(str(end), returncode=1)


@pytest.fixture
def images(mnist):
    """X (97, 784), in float64, of many digits; labels (97,)."""
    (X, labels), _ = mnist
    return X[:97].astype(float), labels[:97]


@pytest.fixture
def figures(monkeypatch):
    """The figures that would have been saved, by their file names."""
    figures = {}
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig",
                        lambda figure, path="", **_: figures.update({Path(str(path)).name: figure}))
    return figures


@pytest.fixture
def small_mnist(mnist, figures, monkeypatch, tmp_path):
    """Let main() load 500 images for training and 200 for the test; return them."""
    data = [(X[:m], labels[:m]) for (X, labels), m in zip(mnist, (500, 200))]
    monkeypatch.setattr(common, "load_mnist", lambda precision=np.float32: [
        (X.astype(precision), labels.copy()) for X, labels in data])
    monkeypatch.chdir(tmp_path)  # for what a student's main() saves
    return data
