"""What all tests share: the folder of the scripts, the data, and how a failure is told."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import common  # before NumPy, as in the scripts


def pytest_configure(config):
    config.addinivalue_line("markers", "report: not for students between edits: the report's numbers, "
                            "faults in whole runs, and the scripts as they were handed out")


@pytest.fixture(scope="session")
def mnist():
    """(X_train, labels_train), (X_test, labels_test): all of MNIST."""
    return common.load_mnist()


@pytest.fixture
def run_main(mnist, monkeypatch, tmp_path):
    """A function that runs a script's main() on a sixth of MNIST and returns its Run."""
    data = [(X[:10_000], labels[:10_000]) for X, labels in mnist]
    runs = []

    class WatchedRun(common.Run):
        def __init__(self, epochs):
            super().__init__(epochs)
            runs.append(self)

    def run_main(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()
        return runs[-1]

    monkeypatch.setattr(common, "load_mnist", lambda: data)
    monkeypatch.setattr(common, "FIGURES", tmp_path)
    monkeypatch.setattr(common, "Run", WatchedRun)
    return run_main
