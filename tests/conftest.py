"""What all tests share: the scripts as modules, the data, and a main() that ends in a moment."""
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import common

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("lab2_skeleton", "lab2_2_skeleton", "lab2_3_skeleton")


def load(path):
    """Return the script as a module; its main() is not called."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edit(path, *edits):
    """Replace text in a file."""
    source = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in source, f"{path.name} no longer has the text {old!r}"
        source = source.replace(old, new)
    path.write_text(source, encoding="utf-8")


def edited(name, folder, *edits):
    """Copy a script into a folder, replace text in it, and return its path."""
    path = Path(shutil.copy(ROOT / f"{name}.py", folder))
    edit(path, *edits)
    return path


@pytest.fixture(params=SCRIPTS)
def module(request):
    return load(ROOT / f"{request.param}.py")


@pytest.fixture(scope="session")
def mnist():
    """(X_train, labels_train), (X_test, labels_test): all of MNIST, in float32."""
    try:
        return common.load_mnist()
    except SystemExit as end:
        pytest.exit(str(end), returncode=1)


@pytest.fixture
def images(mnist):
    """X (100, 784), in float64, for numerical gradients of many digits; labels (100,)."""
    (X, labels), _ = mnist
    return X[:100].astype(float), labels[:100]


@pytest.fixture
def few(mnist, monkeypatch, tmp_path):
    """Let main() see 500 images for training and 200 for the test, and save no figure.

    It is a dictionary of the figures that main() would have saved, by their file names.
    """
    figures = {}

    def load_few(precision=np.float32):
        return [(X[:m].astype(precision), labels[:m].copy())
                for (X, labels), m in zip(mnist, (500, 200))]

    monkeypatch.setattr(common, "load_mnist", load_few)
    monkeypatch.setattr(common, "ROOT", tmp_path)
    monkeypatch.setattr(Figure, "savefig",
                        lambda figure, path: figures.update({path.name: figure}))
    return figures


@pytest.fixture
def folder(tmp_path):
    """A copy of the repository in a folder with an odd name."""
    folder = tmp_path / "Ümit's lab 2"
    shutil.copytree(ROOT / ".keras", folder / ".keras")
    for script in ROOT.glob("*.py"):
        shutil.copy(script, folder)
    return folder
