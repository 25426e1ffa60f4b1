"""Is what the exercises share exact, and does it say what is wrong?"""
import socket
import sys
import warnings

import numpy as np
import pytest

import common


# ---- Accuracy ----------------------------------------------------------------------------
def test_accuracy_of_one_output():
    A = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]])
    Y = np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6
    assert common.accuracy(A, Y.astype(bool)) == 0.6
    assert common.accuracy(A, 0.8 * Y + 0.1) == 0.6, "smoothed targets, 0.1 and 0.9"


def test_accuracy_of_three_outputs():
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    Y = np.eye(3)[[1, 0, 0, 2]]
    assert common.accuracy(A, Y) == 0.75


@pytest.mark.parametrize("shape_A, shape_Y", [
    ((5, 1), (5,)), ((5,), (5,)), ((), (5, 1)), ((5, 1), (1, 5))])
def test_accuracy_refuses_other_shapes(shape_A, shape_Y):
    """NumPy may make an array of (m, m) of them: 3.6 GB for 60,000 images."""
    with pytest.raises(ValueError, match=r"both should be \(images, outputs\)"):
        common.accuracy(np.ones(shape_A), np.ones(shape_Y))


@pytest.mark.parametrize("Y", [[[5], [0]], [[-1], [1]], [["zero"], ["one"]], [[None], [1]]])
def test_accuracy_refuses_labels(Y):
    """Training on them would lower the loss below 0."""
    with pytest.raises(ValueError, match="Y should hold numbers from 0 to 1"):
        common.accuracy(np.ones((2, 1)), np.array(Y))


# ---- The images --------------------------------------------------------------------------
def broken_import():
    lines = [f"line {k}" for k in range(2, 20)]
    raise ImportError("DLL load failed\n" + "\n".join(lines))


def check_images(precision):
    (X, labels), (X_test, labels_test) = common.load_mnist(precision)
    assert X.shape == (60_000, 784)
    assert X_test.shape == (10_000, 784)
    assert np.sum(labels == 0) == 5923
    assert np.sum(labels_test == 0) == 980
    assert X.dtype == precision
    assert X.flags.c_contiguous
    assert round(X.sum(dtype=float), 3) == 6146268.857
    assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", None)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_keras_loads_the_images(precision, no_network, capsys):
    pytest.importorskip("tensorflow.keras")
    check_images(precision)
    assert capsys.readouterr().err == ""
    assert socket.getdefaulttimeout() is None, "as it was before"


@pytest.mark.full
def test_keras_loads_the_images_in_idle(no_network, monkeypatch, capsys):
    """On Windows, IDLE has no standard error."""
    pytest.importorskip("tensorflow.keras")
    monkeypatch.setattr(sys, "__stderr__", None)
    check_images(np.float32)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_numpy_loads_the_images(precision, no_network, monkeypatch, capsys):
    """What TensorFlow says follows, at most ten lines of it."""
    monkeypatch.setattr(common, "hidden_log", broken_import)
    check_images(precision)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "NumPy loads the images instead, because TensorFlow says:"
    assert lines[1] == "ImportError: DLL load failed"
    assert lines[-1] == "line 10"


def test_a_damaged_byte_is_found(monkeypatch, tmp_path):
    data = bytearray(common.MNIST.read_bytes())
    data[5_000_000] ^= 1
    monkeypatch.setattr(common, "MNIST", tmp_path / "mnist.npz")
    common.MNIST.write_bytes(data)
    with pytest.raises(SystemExit, match="mnist.npz is missing or damaged. Hidden folders"):
        common.load_with_numpy()


# ---- The options -------------------------------------------------------------------------
def options(monkeypatch, arguments, program="lab2_skeleton.py", **constants):
    """Return what read_options() makes of a command line and a script's constants."""
    monkeypatch.setattr(sys, "argv", [program, *arguments.split()])
    given = {"doc": "What it is.\n\nMore.", "epochs": 500, "learning_rate": 0.8, "seed": 138}
    given.update(constants)
    return common.read_options(**given)


def test_options_change_the_constants(monkeypatch):
    assert options(monkeypatch, "") == (500, 0.8, 138)
    changed = options(monkeypatch, "--epochs 1 --learning-rate 1e-9 --seed 4294967295")
    assert changed == (1, 1e-9, 4294967295)


@pytest.mark.parametrize("program", ["ipykernel_launcher.py", "colab_kernel_launcher.py"])
def test_the_options_of_a_notebook_are_left_alone(program, monkeypatch):
    assert options(monkeypatch, "-f kernel.json", program) == (500, 0.8, 138)


@pytest.mark.parametrize("doc", ["What it is.\n\nMore.", None])  # None: python -OO
def test_help(doc, monkeypatch, capsys):
    with pytest.raises(SystemExit) as end:
        options(monkeypatch, "--help", doc=doc)
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert "number of updates (default: 500)" in shown
    assert ("What it is." in shown) == (doc is not None)


@pytest.mark.parametrize("arguments, constants, words", [
    ("--epochs 0", {}, "EPOCHS (--epochs) is 0; it must be a whole number above 0"),
    ("--epochs 1.5", {}, "argument --epochs: invalid int value: '1.5'"),
    ("", {"epochs": 1e3}, "EPOCHS (--epochs) is 1000.0; it must be a whole number above 0"),
    ("--learning-rate 0", {}, "LEARNING_RATE (--learning-rate) is 0.0; it must be a finite number"),
    ("--learning-rate nan", {}, "LEARNING_RATE (--learning-rate) is nan; it must be a finite"),
    ("--learning-rate inf", {}, "LEARNING_RATE (--learning-rate) is inf; it must be a finite"),
    ("", {"learning_rate": (0, 8)}, "LEARNING_RATE (--learning-rate) is (0, 8); it must be a"),
    ("--seed -1", {}, "SEED (--seed) is -1; it must be a whole number from 0 to 4294967295"),
    ("--seed 4294967296", {}, "SEED (--seed) is 4294967296; it must be a whole number from 0"),
])
def test_a_wrong_option_is_explained(arguments, constants, words, monkeypatch, capsys):
    with pytest.raises(SystemExit) as end:
        options(monkeypatch, arguments, **constants)
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_an_overflow_in_a_product_is_not_hidden():
    """Only on a Mac are such warnings false."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    filters = [str(entry[1]) for entry in warnings.filters]
    assert not any("matmul" in entry for entry in filters)


# ---- A run -------------------------------------------------------------------------------
def test_a_run_prints_about_twenty_lines(monkeypatch, capsys):
    clock = iter(range(100, 10_000, 3))  # seconds; one look at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    for epoch in range(46):
        run.record(accuracy=0.5, loss=np.float64(1 + epoch), test_accuracy=1, test_loss=0.125)
    assert run.accuracy == [0.5] * 46
    assert run.loss == list(range(1, 47))
    assert run.test_accuracy == [1] * 46
    assert run.test_loss == [0.125] * 46
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15
    assert lines[1] == "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"
    assert lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")


@pytest.mark.parametrize("losses", [
    {"loss": np.nan, "test_loss": 1}, {"loss": 1, "test_loss": np.inf}])
def test_a_run_that_diverges_says_so_twice(losses, capsys):
    run = common.Run("A", epochs=45)
    run.record(accuracy=0.5, test_accuracy=0.5, loss=1, test_loss=1)
    assert not run.diverged
    run.record(accuracy=0.5, test_accuracy=0.5, **losses)
    assert run.diverged
    assert capsys.readouterr().err.startswith("error: the loss in epoch 1 is not finite. ")
    run.print_table()
    assert capsys.readouterr().out.endswith("run the tests: python -m pytest\n")


def recorded(exercise, epochs, **settings):
    """Return a run whose four numbers rise from 0.1, 0.2, 0.3 and 0.4 on."""
    run = common.Run(exercise, epochs, **settings)
    for epoch in range(epochs + 1):
        run.accuracy.append(0.1 + epoch / 2000)
        run.loss.append(0.2 + epoch / 2000)
        run.test_accuracy.append(0.3 + epoch / 2000)
        run.test_loss.append(0.4 + epoch / 2000)
    return run


def test_the_table(capsys):
    run = recorded("A", 600)
    run.rises_from = 7
    run.print_table()
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].split() == ["report", "this", "run"]
    assert rows[2].split()[-2:] == ["0.030048830759622978", "0.45"]
    assert rows[3].split()[-2:] == ["0.025196727549756617", "0.65"]
    assert rows[4].split()[-2:] == ["2380", "7"]
    assert rows[5].split()[-4:] == ["near", "4000", "not", "reached"]
    assert rows[7].split() == ["this", "run,", "epoch", "600", "training", "test"]
    assert rows[8].split() == ["accuracy", "0.4000", "0.6000"]
    assert rows[9].split() == ["loss", "0.5", "0.7"]
    assert len(rows) == 10


def test_the_table_of_a_short_run(capsys):
    run = recorded("C", 498)
    run.print_table()
    assert capsys.readouterr().out.count("not reached") == 2


def test_settings_that_are_not_the_reports_are_named(capsys):
    run = recorded("B", 3, DIGIT=0, HIDDEN_UNITS=4, SEED=7)
    run.print_table()
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1] == "not the report's settings: HIDDEN_UNITS = 4, SEED = 7"


def test_an_exercise_of_ones_own_has_no_report(capsys):
    run = recorded("D", 3, SEED=7)
    run.print_table()
    assert run.note == ""
    assert "report" not in capsys.readouterr().out
