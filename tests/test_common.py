"""Is what the exercises share exact, and does it say what is wrong?"""
import os
import signal
import socket
import sys

import numpy as np
import pytest

import common

full = pytest.mark.full


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-7), (np.float64, 3e-16)])
def test_sigmoid_is_exact_for_any_z(dtype, tolerance):
    Z = np.array([-1e4, -700, -100, -20, -1, 0, 1, 20, 100, 1e4])
    exact = [1 / (1 + np.exp(np.longdouble(-z))) for z in Z.clip(-700)]
    A = common.sigmoid(Z.astype(dtype))
    assert A.dtype == dtype
    np.testing.assert_allclose(A, exact, rtol=tolerance, atol=1e-38)


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize("m, units", [(1, 1), (3000, 1), (3000, 10), (3000, 64)])
def test_a_layer_agrees_with_sums_over_its_units_and_images(m, units, dtype, tolerance):
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.normal(size=size).astype(dtype)
                   for size in ((m, 784), (units, 784), units, (m, units)))
    Z = np.einsum("mi,ui->mu", X, W, dtype=float)
    dW, db = common.linear_backward(dZ, X)
    for value, exact in ((common.linear_forward(X, W, b), Z + b),
                         (common.linear_forward(X, W, 0.5), Z + 0.5),
                         (dW, np.einsum("mu,mi->ui", dZ, X, dtype=float)),
                         (db, dZ.sum(axis=0, dtype=float)),
                         (common.linear_backward(dZ, X, True)[1], [dZ.sum(dtype=float)])):
        assert value.dtype == dtype and value.shape == np.shape(exact)
        np.testing.assert_allclose(value, exact, rtol=0, atol=tolerance * np.sqrt(1000 * m * units))


def test_accuracy_counts_what_is_classified_correctly():
    A, Y = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]]), np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    assert common.accuracy(A, np.eye(3)[[1, 0, 0, 2]]) == 0.75


@pytest.mark.parametrize("A, Y, words", [
    (np.ones((5, 1)), np.ones(5), r"A \(5, 1\) and Y \(5,\) need one shape: \(images"),
    (np.ones(5), np.ones(5), r"A \(5,\) and Y \(5,\) need one shape: \(images"),
    (None, np.ones((5, 1)), r"A \(\) and Y \(5, 1\) need one shape: \(images"),
    (np.ones((1, 5)), np.ones((1, 5)), "a 1 in some rows, never two"),  # as columns
    (np.ones((5, 1)), np.zeros((5, 1)), "a 1 in some rows"),  # no such digit
    (np.ones((2, 1)), np.array([[0], [255]], np.uint8), "Y must be zeros and ones"),
    (np.ones((2, 1)), np.array([["zero"], ["one"]]), "Y must be zeros and ones"),
])
def test_what_cannot_be_a_target_is_an_error(A, Y, words):
    with pytest.raises(ValueError, match=words):
        common.accuracy(A, Y)


@pytest.mark.parametrize("way", ["TensorFlow", "NumPy"])
def test_mnist_needs_no_network(way, monkeypatch, capsys):
    if way == "TensorFlow":
        pytest.importorskip("tensorflow.keras")
    else:
        monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed

    def no_network(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for precision in (np.float32, np.float64):
        train, test = common.load_mnist(precision)
        for (X, labels), m in (train, 60_000), (test, 10_000):
            assert X.shape == (m, 784) and X.dtype == precision and X.flags.c_contiguous
            assert X.min() == 0 and X.max() == 1 and labels.shape == (m,)
            assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
    assert np.bincount(train[1])[0] == 5923
    assert np.bincount(test[1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(train[0].sum(), 3) == 6146268.857 and round(test[0][7].sum(), 4) == 82.5961
    assert way in capsys.readouterr().out and socket.getdefaulttimeout() is None


@full
def test_the_log_of_an_import_is_hidden_unless_it_fails(capfd):
    def free_descriptors():
        descriptors = [os.dup(2) for _ in range(3)]
        for descriptor in descriptors:
            os.close(descriptor)
        return descriptors

    before = free_descriptors()
    with common.hidden_log():
        os.write(2, b"hidden ")
    with pytest.raises(ImportError), common.hidden_log():
        os.write(2, b"shown ")
        raise ImportError
    os.write(2, b"back")
    assert capfd.readouterr().err == "shown back" and free_descriptors() == before


@full
def test_where_there_is_no_standard_error(monkeypatch):
    """As in IDLE on Windows."""
    monkeypatch.setattr(sys, "__stderr__", None)
    monkeypatch.setattr(common, "hidden_log", None)
    common.load_mnist()


@full
@pytest.mark.parametrize("arguments, result", [
    ("", (500, 0.8, 138)), ("--epochs 1 --learning-rate 50 --seed 0", (1, 50.0, 0)),
    ("--seed 4294967295 --learning-rate 1e-9", (500, 1e-9, 4294967295)),
    ("--help", "What it is"), ("--help", "default: 138"),
    *[(f"--epochs {value}", "above 0") for value in (0, -3)], ("--epochs 1.5", "invalid int"),
    *[(f"--learning-rate {value}", "above 0") for value in (0, "nan", "inf")],
    *[(f"--seed {value}", "from 0 to 4294967295") for value in (-1, 4294967296)],
    ("--speed 9", "unrecognized"),
])
def test_options(arguments, result, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lab2_skeleton.py", *arguments.split()])
    if isinstance(result, tuple):
        assert common.read_options("What it is.\nMore.", 500, 0.8, 138) == result
        return
    with pytest.raises(SystemExit) as end:
        common.read_options("What it is.\nMore.", 500, 0.8, 138)
    said = capsys.readouterr()
    assert result in (said.out if end.value.code == 0 else said.err)
    assert end.value.code == (0 if arguments == "--help" else 2)


@full
def test_progress_of_a_run(few, monkeypatch, capsys):
    """About twenty lines, with the numbers of their epoch and the time that is left."""
    clock = iter(range(100, 10_000, 3))  # seconds; one look at it at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    for epoch in range(46):
        run.record(accuracy=np.float64(0.5), loss=np.float64(1 + epoch), test_accuracy=1,
                   test_loss=np.float32(0.125))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["epoch     3 of 45: loss 4.0000, test loss 0.1250, 42 s left",
                         "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"]
    assert len(lines) == 15 and lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")
    for numbers in (run.loss, run.accuracy, run.test_loss, run.test_accuracy):
        assert len(numbers) == 46 and {type(number) for number in numbers} == {float}


@full
def test_ctrl_c(few, capsys):
    """The first ends the run after its epoch, a second the program; an error leaves no handler."""
    def usual(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, usual)
    try:
        with pytest.raises(ZeroDivisionError), common.Run("A", epochs=9):
            raise ZeroDivisionError
        assert signal.getsignal(signal.SIGINT) is usual
        with common.Run("A", epochs=9) as run:
            signal.raise_signal(signal.SIGINT)
            assert run.status == 130 and capsys.readouterr().err == "stopped by Ctrl-C\n"
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
