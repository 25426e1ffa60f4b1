"""The code that the three exercises share.

The report, "Implementing a Neural Network from scratch", shows no code. A public program for the
same lab gives the report's numbers. The comments call it "the report's program". m is the number of
images.
"""
import argparse
import contextlib
import importlib.util
import math
import numbers
import os
import socket
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

ROOT = Path(__file__).resolve().parent
MNIST = ROOT / ".keras" / "datasets" / "mnist.npz"

# KERAS_HOME tells Keras in which folder to look for MNIST. Keras reads it during its own import.
os.environ["KERAS_HOME"] = str(ROOT / ".keras")

# MPLBACKEND tells Matplotlib how to show figures. A notebook sets it to a part of the package
# matplotlib_inline. A script that is started from the notebook inherits it, but may run with
# another Python, which lacks this package. Then importing Matplotlib would fail. So remove it.
if "matplotlib_inline" in os.environ.get("MPLBACKEND", ""):
    if not importlib.util.find_spec("matplotlib_inline"):
        del os.environ["MPLBACKEND"]

# On a Mac, NumPy gives false warnings for correct matrix products (NumPy issue 28687).
if sys.platform == "darwin":
    warnings.filterwarnings("ignore", ".* encountered in matmul")

from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure


# ---- The maths of a layer ----------------------------------------------------------------
def linear_forward(X, W, b):
    """Return Z = X W^T + b, shape (m, units) (section II.A of the report).

    X: the inputs of the layer, shape (m, inputs)
    W: its weights, shape (units, inputs)
    b: its biases, shape (units,), or (1,) if all units share one bias
    """
    return X @ W.T + b


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), with the shape of Z (equation 1)."""
    with np.errstate(over="ignore"):  # exp(-Z) may overflow to inf; A is 0 then, as it should be
        return 1 / (1 + np.exp(-Z))


def linear_backward(dZ, X):
    """Return the gradients of the loss with respect to W and b: dW (units, inputs), db (units,).

    dZ: the gradient with respect to Z, shape (m, units)
    X: the inputs of the layer, shape (m, inputs)

    dW and db are sums over the images. If the loss is a mean, dZ has the factor 1 / m already.
    db has a number for each unit. If the units share one bias, the script adds up these numbers.
    """
    dW = dZ.T @ X
    db = dZ.sum(axis=0)
    return dW, db


def accuracy(A, Y):
    """Return the fraction of the images that are classified correctly.

    A: the outputs of the network, shape (m, outputs)
    Y: the targets, same shape

    A single output says yes if it is above 0.5. Of several outputs, the largest is the answer.
    Raises ValueError if the shapes differ, or if Y has values outside 0 to 1.
    """
    if np.ndim(A) != 2 or np.shape(A) != np.shape(Y):
        shapes = f"A is {np.shape(A)}, Y is {np.shape(Y)}"
        raise ValueError(f"{shapes}; both should be (images, outputs)")
    # Y must not hold labels, such as 7 or "seven".
    is_number = Y.dtype == bool or np.issubdtype(Y.dtype, np.number)
    if not is_number or Y.min() < 0 or Y.max() > 1:
        raise ValueError("Y should hold numbers from 0 to 1: 1 where the answer is yes, else 0")
    if A.shape[1] == 1:
        return np.mean((A > 0.5) == (Y > 0.5))
    return np.mean(A.argmax(axis=1) == Y.argmax(axis=1))


# ---- The images --------------------------------------------------------------------------
def load_mnist(precision=np.float32):
    """Return (X_train, labels_train), (X_test, labels_test).

    X: the images, shape (m, 784), pixels from 0 (paper) to 1 (ink), of type precision
    labels: their digits, shape (m,)

    m is 60,000 for training and 10,000 for testing.
    If the images cannot be loaded, the program ends with status 1.
    """
    print("loading MNIST through TensorFlow", flush=True)
    try:
        train, test = load_with_keras()
    except Exception as error:  # on any error, try NumPy
        print("NumPy loads the images instead, because TensorFlow says:", file=sys.stderr)
        message = f"{type(error).__name__}: {error}"
        first_lines = message.splitlines()[:10]
        print("\n".join(first_lines), file=sys.stderr)
        train, test = load_with_numpy()
    images_train, labels_train = train
    images_test, labels_test = test
    X_train = make_X(images_train, precision)
    X_test = make_X(images_test, precision)
    return (X_train, labels_train), (X_test, labels_test)


def load_with_keras():
    """Return (images_train, labels_train), (images_test, labels_test), as Keras loads them.

    images: shape (m, 28, 28), pixels from 0 to 255
    labels: their digits, shape (m,)
    """
    with hidden_log():
        from tensorflow.keras.datasets import mnist
    with download_timeout(10):
        return mnist.load_data()


def load_with_numpy():
    """Return the same as load_with_keras(), from the file whose path is MNIST."""
    try:
        with np.load(MNIST) as file:
            train = file["x_train"], file["y_train"]
            test = file["x_test"], file["y_test"]
    except Exception:  # damaged files raise errors of many kinds
        sys.exit(f"error: {MNIST} is missing or damaged. Hidden folders may get lost when they are "
                 "copied by hand or uploaded: take .keras from the ZIP of this project again, "
                 "or run: git checkout .keras")
    return train, test


def make_X(images, precision):
    """Turn images (m, 28, 28), pixels from 0 to 255, into X (m, 784), pixels from 0 to 1."""
    # Divide in float32, like the report's program, even if precision is float64.
    X = images.reshape(-1, 784) / np.float32(255)
    return X.astype(precision, copy=False)


@contextlib.contextmanager
def hidden_log():
    """Hide what TensorFlow logs while it is imported. No setting of TensorFlow hides all of it."""
    if sys.__stderr__ is None:  # IDLE on Windows has no standard error
        yield
        return
    # TensorFlow writes to file descriptor 2, which is standard error. Keep a copy of it, let 2 lead
    # to nowhere, and restore it at the end.
    copy_of_stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(copy_of_stderr, 2)
        os.close(copy_of_stderr)
        os.close(nowhere)


@contextlib.contextmanager
def download_timeout(seconds):
    """Stop a download if the server is silent for that many seconds.

    Keras downloads the images if their file is missing or damaged. Without a limit, it waits for
    minutes.
    """
    usual = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(usual)


# ---- The report --------------------------------------------------------------------------
# The report does not state all its settings. These are from the report's program.
SETTINGS = {
    "A": {
        "DIGIT": 0,
        "LEARNING_RATE": 1.0,
        "INIT_RANGE": 0.05,
        "SEED": 138,
    },
    "B": {
        "DIGIT": 0,
        "HIDDEN_UNITS": 64,
        "LEARNING_RATE": 0.8,
        "INIT_RANGE": 0.05,
        "SEED": 138,
        "SHARED_BIAS": True,
    },
    "C": {
        "HIDDEN_UNITS": 64,
        "LEARNING_RATE": 0.8,
        "INIT_RANGE": 0.05,
        "SEED": 138,
        "SHARED_BIAS": True,
    },
}


class Result(NamedTuple):
    """A number in the report, and where to find our number for it in a Run (below)."""
    name: str                    # its name in the table
    printed: str                 # the number in the report
    attribute: str               # the attribute of the Run that holds our number
    epoch: Optional[int] = None  # the index of our number, if that attribute is a list


# Our epoch n is the network after n updates. In A, the report counts the same way. In B and C, it
# counts the untrained network as epoch 1, so its 500th epoch is our epoch 499.
RESULTS = {
    "A": [
        Result("training loss after 500 epochs", "0.030048830759622978", "loss", 500),
        Result("test loss after 500 epochs", "0.025196727549756617", "test_loss", 500),
        Result("test loss starts to rise, epoch", "2380", "rises_from"),
        Result("test loss above training loss, epoch", "near 4000", "above_from"),
    ],
    "B": [
        Result("test accuracy in the 500th epoch", "0.9913", "test_accuracy", 499),
        Result("test loss in the 500th epoch", "0.02696", "test_loss", 499),
    ],
    "C": [
        Result("test accuracy in the 500th epoch", "0.9238", "test_accuracy", 499),
        Result("test loss in the 500th epoch", "0.3298", "test_loss", 499),
    ],
}


def changed_settings(exercise, settings):
    """Return a line with the settings that differ from the report's, or "" if none differs."""
    report = SETTINGS.get(exercise, {})
    changed = []
    for name, value in settings.items():
        if name in report and value != report[name]:
            changed.append(f"{name} = {value}")
    if not changed:
        return ""
    return "not the report's settings: " + ", ".join(changed)


# ---- A run -------------------------------------------------------------------------------
def read_options(doc, epochs, learning_rate, seed):
    """Return EPOCHS, LEARNING_RATE and SEED: from the command line, or else the script's own.

    doc: the docstring of the script, for --help
    epochs, learning_rate, seed: the constants of the script

    If one of them cannot be used, the program ends with status 2.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=epochs,
                        help="number of updates (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=learning_rate,
                        help="factor of the gradient in an update (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=seed,
                        help="seed of the random initial weights (default: %(default)s)")
    if sys.argv[0].endswith("kernel_launcher.py"):  # in a notebook, sys.argv is the kernel's
        options = parser.parse_args([])
    else:
        options = parser.parse_args()

    # argparse checks only that an option is a number. It does not check the script's constants.
    epochs = options.epochs
    if not isinstance(epochs, numbers.Integral) or epochs < 1:
        parser.error(f"EPOCHS (--epochs) is {epochs}; it must be a whole number above 0")
    learning_rate = options.learning_rate
    if not isinstance(learning_rate, numbers.Real) or not 0 < learning_rate < math.inf:
        parser.error(f"LEARNING_RATE (--learning-rate) is {learning_rate}; "
                     "it must be a finite number above 0, written as 0.8, not 0,8")
    seed = options.seed
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**32:
        parser.error(f"SEED (--seed) is {seed}; it must be a whole number from 0 to {2**32 - 1}")
    return epochs, learning_rate, seed


class Run:
    """The numbers of a training run.

    accuracy, loss, test_accuracy and test_loss are lists. Their index is the epoch, which is
    the number of updates so far. Epoch 0 is the untrained network.
    """

    def __init__(self, exercise, epochs, **settings):
        """Start a run.

        exercise: "A", "B" or "C"; a run with any other name is not compared with the report
        epochs: the number of updates
        settings: the constants of the script that are compared with the report's
        """
        self.accuracy = []
        self.loss = []
        self.test_accuracy = []
        self.test_loss = []
        self.diverged = False   # True if a loss was infinite or not a number
        # Script A finds these two epochs after the run. The table and the curves show them.
        self.rises_from = None  # the epoch with the lowest test loss
        self.above_from = None  # the first epoch >= rises_from with test loss above training loss
        self.epochs = epochs
        self.results = RESULTS.get(exercise, [])
        self.note = changed_settings(exercise, settings)  # for the table and the figures
        self.start_time = time.monotonic()

    def record(self, accuracy, loss, test_accuracy, test_loss):
        """Append the numbers of one epoch. Print some of them, 20 lines in a run at most."""
        epoch = len(self.loss)
        self.accuracy.append(float(accuracy))
        self.loss.append(float(loss))
        self.test_accuracy.append(float(test_accuracy))
        self.test_loss.append(float(test_loss))
        epochs_per_line = math.ceil(self.epochs / 20)
        if not math.isfinite(loss) or not math.isfinite(test_loss):
            self.diverged = True
            print(f"error: the loss in epoch {epoch} is not finite. Is LEARNING_RATE too large? "
                  "Is a sign wrong? Is the division by m missing? Is there a log of 0?",
                  file=sys.stderr)
        elif epoch > 0 and epoch % epochs_per_line == 0:
            seconds_per_epoch = (time.monotonic() - self.start_time) / epoch
            seconds_left = seconds_per_epoch * (self.epochs - epoch)
            print(f"epoch {epoch:5} of {self.epochs}: loss {loss:.4f}, "
                  f"test loss {test_loss:.4f}, {seconds_left:.0f} s left", flush=True)

    def find(self, result):
        """Return this run's number for a Result of the report; None if there is no such number."""
        value = getattr(self, result.attribute)
        if result.epoch is None:
            return value
        if result.epoch < len(value):
            return value[result.epoch]
        return None

    def print_table(self):
        """Print the report's results beside this run's, then the numbers of the last epoch."""
        if self.results:
            print()
            print_row("", "report", "this run")
        for result in self.results:
            ours = self.find(result)
            if ours is None:
                ours = "not reached"
            print_row(result.name, result.printed, ours)
        print()
        print_row(f"this run, epoch {len(self.loss) - 1}", "training", "test")
        print_row("accuracy", f"{self.accuracy[-1]:.4f}", f"{self.test_accuracy[-1]:.4f}")
        print_row("loss", self.loss[-1], self.test_loss[-1])
        if self.note:
            print(self.note)
        if self.diverged:
            print("The training ended here, because the loss is not finite. "
                  "To find out why, run the tests: python -m pytest")


def print_row(name, left, right):
    """Print a row of the table, in three columns."""
    print(f"{name:36} {left:>20} {right:>20}")


# ---- Figures -----------------------------------------------------------------------------
def new_figure(run, width, height):
    """Return an empty figure of width x height inches, with the note of the run at the top."""
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    figure.suptitle(run.note, size="small", wrap=True)
    return figure


def save(figure, name):
    """Save a figure. name is a path in this folder, such as "figures/fig2a_loss.png".

    If the figure cannot be saved, print why, and go on.
    """
    path = ROOT / name
    try:
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path)
        print(name)
    except OSError as error:
        print(f"error: cannot write {name}: {error}", file=sys.stderr)


def draw_curves(run, name, quantity, title, first_epoch=1, last_epoch=math.inf):
    """Draw a quantity by epoch, for training and test. Diamonds mark the report's numbers.

    quantity: "loss" or "accuracy"
    first_epoch, last_epoch: from which epoch to which

    A shorter run is drawn as far as it goes. If it does not go beyond first_epoch, its second half
    is drawn. By default, epoch 0 is left out: the untrained network.
    """
    last_epoch = min(last_epoch, len(run.loss) - 1)
    if first_epoch >= last_epoch:
        first_epoch = last_epoch // 2
    epochs = range(first_epoch, last_epoch + 1)
    figure = new_figure(run, 5.6, 4.2)
    axes = figure.add_subplot(title=f"{title}, epochs {first_epoch:,} to {last_epoch:,}",
                              xlabel="epoch", ylabel=quantity)
    margin = max(0.08 * (last_epoch - first_epoch), 1)  # room for the last number of the x axis
    axes.set_xlim(first_epoch - margin, last_epoch + margin)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.4)

    # The order of the calls is the order in the legend: first its left column, then its right one.
    draw_curve(axes, run, quantity, epochs, "training", color="C0", linestyle="-")
    draw_epoch(axes, run.rises_from, epochs, "test loss starts to rise", linestyle=":")
    draw_curve(axes, run, f"test_{quantity}", epochs, "test", color="C1", linestyle="--")
    draw_epoch(axes, run.above_from, epochs, "test loss above training", linestyle="-.")
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    save(figure, name)


def draw_curve(axes, run, attribute, epochs, label, color, linestyle):
    """Draw a list of the run, such as run.test_loss, and the report's numbers for it."""
    recorded = getattr(run, attribute)
    values = [recorded[epoch] for epoch in epochs]
    marker = "." if len(epochs) <= 20 else "none"  # in a short curve, the points are marked
    axes.plot(epochs, values, label=label, color=color, linestyle=linestyle, marker=marker)
    if run.note:  # the settings are not the report's, so leave out its numbers
        return
    for result in run.results:
        if result.attribute == attribute and result.epoch in epochs:
            report = float(result.printed)
            ours = run.find(result)
            # "#.4g" shows four digits, zeros at the end included.
            axes.plot(result.epoch, report, color=color, linestyle="none",
                      marker="D", markersize=9, fillstyle="none",
                      label=f"epoch {result.epoch}: {ours:#.4g}, report {report:#.4g}")


def draw_epoch(axes, epoch, epochs, label, linestyle):
    """Draw a vertical line at an epoch, if it is one of the epochs that are drawn."""
    if epoch is not None and epoch in epochs:
        axes.axvline(epoch, color="0.5", linestyle=linestyle, zorder=1,  # behind the curves
                     label=f"epoch {epoch}: {label}")


def draw_weights(run, name, W, title):
    """Draw the weights W (units, 784): for each unit a picture, with a pixel for each weight."""
    # The pictures form a square. Each is 28 pixels wide, and 2 pixels are left between them.
    per_side = math.ceil(math.sqrt(len(W)))
    pixels = 30 * per_side - 2
    square = np.full((pixels, pixels), np.nan)  # nan is drawn as empty
    for unit, weights in enumerate(W):
        top = 30 * (unit // per_side)
        left = 30 * (unit % per_side)
        square[top:top + 28, left:left + 28] = weights.reshape(28, 28)

    # The colours go from -limit to limit. The 5 % of the weights beyond them get the last colours.
    limit = np.quantile(np.abs(W), 0.95)
    figure = new_figure(run, 6.4, 5.6)
    axes = figure.add_subplot(title=f"{title}, after {len(run.loss) - 1:,} updates",
                              frame_on=False, xticks=[], yticks=[])
    picture = axes.imshow(square, cmap="cividis", vmin=-limit, vmax=limit)
    # Ink on a pixel with a weight above 0 raises the output of the unit. Below 0, it lowers it.
    figure.colorbar(picture, extend="both",
                    label=r"ink lowers the output $\leftarrow$ weight $\rightarrow$ ink raises it")
    save(figure, name)


def draw_network(run, name, image, label, hidden, outputs):
    """Draw Fig. 1: what the network computes for one image.

    image: its pixels, shape (784,)
    label: its digit
    hidden: the outputs of the hidden layer, shape (units,)
    outputs: the outputs of the network, shape (10,)
    """
    # The hidden units form a square. Places without a unit are empty.
    per_side = math.ceil(math.sqrt(len(hidden)))
    square = np.full((per_side, per_side), np.nan)
    square.flat[:len(hidden)] = hidden

    figure = new_figure(run, 7.6, 2.8)
    # The three panels are equally high: two are squares, and the third is 2 / 3 as wide.
    left, middle, right = figure.subplots(1, 3, width_ratios=[3, 3, 2])
    left.imshow(image.reshape(28, 28), cmap="Greys")
    left.set(xlabel="X: 784 pixels", xticks=[], yticks=[])
    left.set_title(f"Fig. 1: a test image of the digit {label}, read as {outputs.argmax()}",
                   loc="left")
    middle.imshow(square, cmap="cividis")
    middle.set(xlabel=f"A1: {len(hidden)} hidden units", xticks=[], yticks=[])
    right.barh(range(len(outputs)), outputs)
    right.set(xlabel=f"A2: {len(outputs)} outputs", xlim=(0, 1), yticks=range(len(outputs)),
              box_aspect=3 / 2)
    right.invert_yaxis()  # digit 0 at the top
    draw_arrow(middle, "$W_1, b_1$")
    draw_arrow(right, "$W_2, b_2$")
    save(figure, name)


def draw_arrow(axes, text):
    """Write a text to the left of the axes, with an arrow from the text to the axes."""
    # The arrow ends 16 points before the axes (shrinkB). There it cannot cross their tick labels.
    axes.annotate(text, xy=(0, 0.5), xycoords="axes fraction",
                  xytext=(-75, 0), textcoords="offset points", verticalalignment="center",
                  arrowprops={"arrowstyle": "->", "shrinkB": 16})


def draw_confusion_matrix(run, name, A, X, labels):
    """Draw Fig. 4c: how often digit i is read as digit j, and the 20 worst mistakes.

    A: the outputs of the network, shape (m, 10)
    X: the images, shape (m, 784)
    labels: their digits, shape (m,)

    The worst mistakes are those with the largest outputs for a wrong digit.
    """
    predicted = A.argmax(axis=1)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predicted), 1)  # for each image, add 1 at [label, predicted]
    misread = np.flatnonzero(predicted != labels)  # the indices of the misread images
    wrong_outputs = A[misread, predicted[misread]]  # for each, the output of the predicted digit
    worst_first = misread[np.argsort(-wrong_outputs)]

    figure = new_figure(run, 7.6, 4.4)
    left, right = figure.subfigures(1, 2, width_ratios=[5, 4])
    axes = left.add_subplot(title=f"Fig. 4c: {len(misread):,} of {len(X):,} test images misread",
                            xlabel="predicted digit", ylabel="true digit",
                            xticks=range(10), yticks=range(10))
    # White is 0. Black is 1500, more than any count. A gamma below 1 makes small counts visible.
    shades = PowerNorm(gamma=0.3, vmin=0, vmax=1500)
    axes.imshow(counts, cmap="Greys", norm=shades)
    for (true, guess), count in np.ndenumerate(counts):
        if count > 0:
            color = "white" if count > 300 else "black"
            axes.text(guess, true, count, color=color, size="small",
                      horizontalalignment="center", verticalalignment="center")

    right.suptitle("Worst mistakes: true -> predicted")
    cells = right.subplots(5, 4, subplot_kw={"frame_on": False, "xticks": [], "yticks": []})
    for cell, index in zip(cells.flat, worst_first):
        cell.imshow(X[index].reshape(28, 28), cmap="Greys")
        cell.set_title(f"{labels[index]} -> {predicted[index]}", size="medium")
    save(figure, name)
