"""Is what the exercises share exact, and does it say what is wrong?"""
import hashlib
import socket
import sys

import numpy as np
import pytest

import common


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-7), (np.float64, 3e-16)])
def test_sigmoid_is_exact_for_any_z(dtype, tolerance):
    Z = np.array([-1e4, -700, -100, -20, -1, 0, 1, 20, 100, 1e4])
    exact = [1 / (1 + np.exp(np.longdouble(-z))) for z in Z.clip(-700)]
    A = common.sigmoid(Z.astype(dtype))
    assert A.dtype == dtype
    np.testing.assert_allclose(A, exact, rtol=tolerance, atol=1e-38)
    assert common.sigmoid(np.array([[0]])) == 0.5  # of integers, too


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize("m", [1, 3000])
@pytest.mark.parametrize("units", [1, 10, 64])
def test_a_layer_agrees_with_sums_over_its_units_and_images(m, units, dtype, tolerance):
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.normal(size=size).astype(dtype)
                   for size in ((m, 784), (units, 784), units, (m, units)))
    dW, db = common.linear_backward(dZ, X)
    for value, exact in (
            (common.linear_forward(X, W, b), np.einsum("mi,ui->mu", X, W, dtype=float) + b),
            (common.linear_forward(X, W, 0.5), np.einsum("mi,ui->mu", X, W, dtype=float) + 0.5),
            (dW, np.einsum("mu,mi->ui", dZ, X, dtype=float)),
            (db, np.einsum("mu->u", dZ, dtype=float)),
            (common.linear_backward(dZ, X, True)[1], [np.einsum("mu->", dZ, dtype=float)])):
        assert value.dtype == dtype and value.shape == np.shape(exact)
        np.testing.assert_allclose(value, exact, rtol=0, atol=tolerance * np.sqrt(1000 * m * units))


def test_accuracy_counts_what_is_classified_correctly():
    A, Y = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]]), np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    assert common.accuracy(A, np.eye(3)[[1, 0, 0, 2]]) == 0.75


@pytest.mark.parametrize("A, Y, words", [
    (np.ones((5, 1)), np.ones(5), r"A \(5, 1\) and Y \(5,\) should both be \(images, outputs\)"),
    (np.ones(5), np.ones(5), r"A \(5,\) and Y \(5,\) should both be \(images, outputs\)"),
    (None, np.ones((5, 1)), r"A \(\) and Y \(5, 1\) should both be \(images, outputs\)"),
    (np.ones((1, 5)), np.ones((1, 5)), "a 1 in some rows, never two"),  # as columns
    (np.ones((5, 1)), np.zeros((5, 1)), "a 1 in some rows"),  # no such digit
    (np.ones((3, 1)), np.array([[0], [5], [1]]), "Y must be zeros and ones"),
    (np.ones((2, 1)), np.array([[0], [255]], np.uint8), "Y must be zeros and ones"),
    (np.ones((2, 1)), np.array([["zero"], ["one"]]), "Y must be zeros and ones"),
])
def test_what_cannot_be_a_target_is_an_error(A, Y, words):
    with pytest.raises(ValueError, match=words):
        common.accuracy(A, Y)


@pytest.mark.parametrize("way", ["TensorFlow", "NumPy"])
def test_mnist_needs_no_network(way, monkeypatch, capsys):
    """Both ways load the same file: the one whose SHA-256 Keras knows."""
    if way == "TensorFlow":
        pytest.importorskip("tensorflow.keras")
    else:
        monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed

    def no_network(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for precision in (np.float32, np.float64):
        train, test = common.load_mnist(precision)
        for (X, labels), m in ((train, 60_000), (test, 10_000)):
            assert X.shape == (m, 784) and X.dtype == precision and X.flags.c_contiguous
            assert X.min() == 0 and X.max() == 1
            assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
            assert labels.shape == (m,) and set(labels) == set(range(10))
    assert np.bincount(train[1])[0] == 5923
    assert np.bincount(test[1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(train[0].sum(), 3) == 6146268.857 and round(test[0][7].sum(), 4) == 82.5961
    assert hashlib.sha256(common.MNIST.read_bytes()).hexdigest() == common.SHA256
    assert way in capsys.readouterr().out and socket.getdefaulttimeout() is None


@pytest.mark.full
@pytest.mark.parametrize("arguments, words", [
    ("--epochs 0", "above 0"), ("--epochs -3", "above 0"), ("--epochs 1.5", "invalid int"),
    ("--learning-rate 0", "above 0"), ("--learning-rate nan", "above 0"),
    ("--learning-rate inf", "above 0"), ("--learning-rate fast", "invalid float"),
    ("--seed -1", "from 0 to 4294967295"), ("--seed 4294967296", "from 0 to 4294967295"),
    ("--speed 9", "unrecognized"),
    ("", (500, 0.8, 138)), ("--epochs 1 --learning-rate 50 --seed 0", (1, 50.0, 0)),
    ("--seed 4294967295 --learning-rate 1e-9", (500, 1e-9, 4294967295)),
])
def test_options(arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lab2_skeleton.py", *arguments.split()])
    if isinstance(words, tuple):
        assert common.read_options("What --help says.", 500, 0.8, 138) == words
    else:
        with pytest.raises(SystemExit) as end:
            common.read_options("What --help says.", 500, 0.8, 138)
        assert end.value.code == 2 and words in capsys.readouterr().err


@pytest.mark.full
def test_progress_of_a_run(few, monkeypatch, capsys):
    """About twenty lines, with the numbers of their epoch and the time that is left."""
    clock = iter(range(100, 10_000, 3))  # seconds; one look at it at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    for epoch in range(46):
        run.record(accuracy=0.5, loss=np.float64(1 + epoch), test_accuracy=1, test_loss=0.125)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["epoch     3 of 45: loss 4.0000, test loss 0.1250, 42 s left",
                         "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"]
    assert len(lines) == 15 and lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")
    for numbers in (run.loss, run.accuracy, run.test_loss, run.test_accuracy):
        assert len(numbers) == 46 and {type(number) for number in numbers} == {float}


@pytest.mark.full
@pytest.mark.parametrize("loss, test_loss", [(np.nan, 1), (1, np.inf), (-np.inf, 1)])
def test_a_loss_that_is_not_finite_stops_the_run(loss, test_loss, few, capsys):
    run = common.Run("A", epochs=1)
    run.record(accuracy=1, loss=1, test_accuracy=1, test_loss=1)
    assert run.status == 0
    run.record(accuracy=1, loss=loss, test_accuracy=1, test_loss=test_loss)
    words = capsys.readouterr().err
    assert run.status == 1 and words.startswith("error: the loss is not finite at epoch 1; likely:")
    for cause in ("LEARNING_RATE", "a wrong sign", "no mean", "logarithm of 0", "division by 0",
                  "input that is not finite"):
        assert cause in words
