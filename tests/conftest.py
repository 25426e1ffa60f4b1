"""What all tests share: the folder of the scripts, the data, and a short run of a script."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import common  # before NumPy, as in the scripts
from matplotlib.figure import Figure


def pytest_configure(config):
    config.option.showcapture = "stdout"  # a failure's message is for students: no log of TensorFlow
    config.addinivalue_line("markers", "report: not for students between edits: the report's numbers, "
                            "faults in whole runs, and the scripts as they were handed out")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name == "test_report.py")  # last: see report_runs


@pytest.fixture(scope="session", autouse=True)
def report_runs(request, tmp_path_factory):
    """The report's runs, if they are wanted: begun with the first test, since they take longest."""
    if any(item.path.name == "test_report.py" for item in request.session.items):
        from test_report import begin
        with begin(tmp_path_factory) as tables:
            yield tables
    else:
        yield


@pytest.fixture(scope="session")
def mnist():
    """(X_train, labels_train), (X_test, labels_test): all of MNIST."""
    return common.load_mnist()


@pytest.fixture
def few(mnist, monkeypatch, tmp_path):
    """Let main() see 2,000 images for training and 1,000 for the test, and save no figure.

    It is a dictionary of the figures that main() would have saved, by their file names.
    """
    figures = {}

    def save(figure, path):
        figures[path.name.split(".", 2)[2]] = figure  # without the number of the process
        path.touch()

    def load_few(precision):
        return [(X[:m].astype(precision), labels[:m]) for (X, labels), m in zip(mnist, (2000, 1000))]

    monkeypatch.setattr(common, "load_mnist", load_few)
    monkeypatch.setattr(common, "FIGURES", tmp_path)
    monkeypatch.setattr(Figure, "savefig", save)
    common._seen.clear()
    return figures
