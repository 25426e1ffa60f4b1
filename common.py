"""What the three exercises share: settings, data, the maths of a layer, a run, the figures.

Throughout, m is the number of images, one in each row.
"""
import argparse
import ast
import ctypes
import inspect
import math
import os
import re
import signal
import socket
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "figures"
os.environ.setdefault("KERAS_HOME", str(HERE / ".keras"))  # where Keras finds mnist.npz
os.environ["MPLBACKEND"] = "agg"  # figures are files: no window, no display

# One worker per core (see _share_rows), each with a BLAS of one thread. BLAS reads these
# variables when NumPy is loaded. Where NumPy came first, BLAS has taken all the cores and one
# worker is best: several of both would be up to ten times slower.
WORKERS = 1
if "numpy" not in sys.modules:
    for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[variable] = "1"
    WORKERS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
if sys.platform == "linux":
    # OpenBLAS takes AMD's family 26 (Zen 5) for a Haswell, and B takes 1.6 times as long: issue 6029
    # of OpenMathLib/OpenBLAS. This can go when NumPy comes with that project's pull request 6033.
    cpu = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    family = re.search(r"AuthenticAMD\ncpu family\s*: (\d+)", cpu)
    if (family and int(family[1]) >= 26
            and {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(cpu.split())):
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    # Let glibc keep the memory of large arrays for the next ones: to have the system clear it
    # anew for each takes a tenth of an epoch. The numbers stand for M_MMAP_ and M_TRIM_THRESHOLD.
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(-3, 2**25)
        mallopt(-1, 2**30)

import numpy as np

BLOCK_ROWS = 1250  # images in a block: few enough for the cache, many enough for BLAS
_workers = ThreadPoolExecutor(WORKERS)

# The report prints no settings; with these, its numbers come out to the last digit. A result: its
# name, as printed, which number of a run it is, at which epoch (B and C count theirs from 1).
_SETTINGS = {"DIGIT": 0, "HIDDEN_UNITS": 64, "INIT_RANGE": 0.05, "SEED": 138, "SHARED_BIAS": True}
REPORT = {
    "A": {"settings": {**_SETTINGS, "LEARNING_RATE": 1.0}, "results": [
        ("training loss after 500 epochs", "0.030048830759622978", "loss", 500),
        ("test loss after 500 epochs", "0.025196727549756617", "test_loss", 500),
        ("test loss starts to rise, epoch", "2380", "rises", 2380),
        ("test loss above training loss, epoch", "near 4000", "passes", 4000)]},
    "B": {"settings": {**_SETTINGS, "LEARNING_RATE": 0.8}, "results": [
        ("test accuracy in the 500th epoch", "0.9913", "test_accuracy", 499),
        ("test loss in the 500th epoch", "0.02696", "test_loss", 499)]},
    "C": {"settings": {**_SETTINGS, "LEARNING_RATE": 0.8}, "results": [
        ("test accuracy in the 500th epoch", "0.9238", "test_accuracy", 499),
        ("test loss in the 500th epoch", "0.3298", "test_loss", 499)]},
}

# ---- Settings ----------------------------------------------------------------------------
_ALLOWED = {  # of each constant of a script: in words, type, lowest, highest
    "DIGIT": ("a whole number from 0 to 9", int, 0, 9),
    "HIDDEN_UNITS": ("a whole number of at least 1", int, 1, math.inf),
    "LEARNING_RATE": ("a finite number above 0", (int, float), 5e-324, sys.float_info.max),
    "EPOCHS": ("a whole number of at least 1", int, 1, math.inf),
    "INIT_RANGE": ("a number from 0 to 1000", (int, float), 0, 1000),
    "SEED": ("a whole number from 0 to 4294967295", int, 0, 2**32 - 1),
    "SHARED_BIAS": ("True or False", bool, False, True),
}


def read_settings(description, constants, arguments):
    """Return the script's constants, with those that the command line overrides.

    constants: the script's globals(); arguments: the command line's. A setting that is not
    allowed ends the program with a line that names it, and exit status 2. Makes figures/; raises
    OSError where nothing can be written there.
    """
    parser = argparse.ArgumentParser(description=description, usage=argparse.SUPPRESS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, meaning in (("EPOCHS", int, "updates, each from all training images"),
                                ("LEARNING_RATE", float, "step of gradient descent"),
                                ("SEED", int, "of the random initial weights")):
        parser.add_argument("--" + name.lower().replace("_", "-"), dest=name, metavar="N",
                            type=kind, help=f"{meaning} (default: {constants[name]})")
    values = {name: constants[name] for name in _ALLOWED if name in constants}
    settings = parser.parse_args(arguments, argparse.Namespace(**values))
    for name, value in vars(settings).items():
        words, kind, lowest, highest = _ALLOWED[name]
        if not (isinstance(value, kind) and lowest <= value <= highest):
            parser.error(f"{name} is {value!r}, but must be {words}")
    settings.PRECISION = constants["PRECISION"]
    if settings.PRECISION not in (np.float32, np.float64):
        parser.error(f"PRECISION is {settings.PRECISION}, but must be np.float32 or np.float64")
    FIGURES.mkdir(exist_ok=True)
    TemporaryFile(dir=FIGURES).close()  # better now than after the training
    return settings


# ---- Data --------------------------------------------------------------------------------
@contextmanager
def _quiet():
    """Discard all that is written to standard error, even by C++ code."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def load_mnist(precision=np.float32):
    """Return (X_train, labels_train), (X_test, labels_test) through tensorflow.keras.

    X: (m, 784), pixels from 0 (black) to 1 (white); labels: (m,) uint8, the digits; m is 60,000
    and 10,000. Raises OSError where the data is neither here nor to be downloaded.
    """
    with _quiet():  # TensorFlow's log lines begin before its settings for them count
        from tensorflow.keras.datasets import mnist
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)  # seconds; a silent network would hold Keras for minutes
    try:
        data = mnist.load_data()
    except Exception as error:
        file = Path(os.environ["KERAS_HOME"], "datasets", "mnist.npz")
        cure = ("restore it with: git checkout .keras" if HERE in file.parents
                else "unset KERAS_HOME to use the copy that came with this script")
        raise OSError(f"cannot load {file}: {cure}, or connect to the network ({error})") from error
    finally:
        socket.setdefaulttimeout(patience)
    return [(np.divide(images.reshape(-1, 784), 255, dtype=precision), labels)
            for images, labels in data]


def is_digit(labels, digit, precision=np.float32):
    """Return the targets Y (m, 1) of exercises A and B: 1 where the label is digit, else 0."""
    return (labels == digit).astype(precision).reshape(-1, 1)


def one_hot(labels, precision=np.float32):
    """Return the targets Y (m, 10) of exercise C: 1 in the column of the label, else 0."""
    return np.eye(10, dtype=precision)[labels]


def random_generator(seed):
    """Return the generator of the initial weights, in the state in which the report drew them."""
    generator = np.random.RandomState(seed)
    generator.permutation(60_000)  # it had shuffled the images, which a full batch does not notice
    return generator


# ---- The maths of a layer ----------------------------------------------------------------
def _share_rows(function, *arrays):
    """Call function with each block of the arrays' rows; return its results in order.

    The cores share the blocks: NumPy lets go of Python's lock while it computes. The blocks, and
    so the results to the last bit, do not depend on the number of cores.
    """
    def one_block(start):
        return function(*[array[start:start + BLOCK_ROWS] for array in arrays])

    return list(_workers.map(one_block, range(0, max(1, len(arrays[0])), BLOCK_ROWS)))


def _check_shape(name, array, *allowed):
    if np.shape(array) not in allowed:
        raise ValueError(f"{name} has shape {np.shape(array)}, "
                         f"but must have {' or '.join(map(str, allowed))}")


def linear_forward(X, W, b):
    """Return Z = X W^T + b (m, units), the weighted inputs of a layer (section II.A).

    X: (m, inputs); W: (units, inputs); b: (units,), or (1,) for a bias that all units share.
    Raises ValueError if the shapes do not fit.
    """
    _check_shape("W", W, (len(W), X.shape[-1]))
    _check_shape("b", b, (len(W),), (1,))
    Z = np.empty((len(X), len(W)), np.result_type(X, W, b))

    def one_block(Z, X):
        if len(W) == 1:  # the same, but faster for a single unit
            np.vecdot(X, W, out=Z[:, 0])
        else:
            np.matmul(X, W.T, out=Z)
        Z += b

    _share_rows(one_block, Z, X)
    return Z


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), of Z's shape (equation 1)."""
    A = np.empty_like(Z)

    def one_block(A, Z):
        with np.errstate(over="ignore"):  # exp(-Z) = inf is welcome: it gives A = 0
            np.exp(-Z, out=A)
        A += 1
        np.divide(1, A, out=A)

    _share_rows(one_block, A, Z)
    return A


def linear_backward(dZ, X, shared_bias=False):
    """Return dW = dZ^T X (units, inputs) and db, the sum of dZ over the images (units,).

    dZ: (m, units), dL/dZ; X: (m, inputs), the layer's inputs. A bias that all units share was
    added to every element of Z, so its db (1,) is the sum of all of dZ. Raises ValueError if the
    shapes do not fit.
    """
    _check_shape("dZ", dZ, (len(X), dZ.shape[-1]))

    def one_block(dZ, X):
        return dZ.T @ X, dZ.sum(axis=0)

    dW, db = map(sum, zip(*_share_rows(one_block, dZ, X)))
    return dW, db.sum(keepdims=True) if shared_bias else db


def binary_cross_entropy(A, Y):
    """Return the mean over the images of equation 2, -(Y log(A) + (1 - Y) log(1 - A)).

    A, Y: (m, 1). As in the report's run, 0.0001 is added in the logarithms; the gradient takes no
    notice of it. Raises ValueError if the shapes differ.
    """
    _check_shape("Y", Y, A.shape)
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))
    return losses.mean(dtype=np.float64)


def categorical_cross_entropy(A, Y):
    """Return the mean over the images of -sum(Y log(A)) (section III.C).

    A, Y: (m, 10); Y is one-hot: only the output of the true class counts. Where that is 0, the
    logarithm is that of the smallest number above 0. Raises ValueError if the shapes differ.
    """
    _check_shape("Y", Y, A.shape)
    A_true = A[Y == 1]
    A_true[A_true == 0] = np.finfo(A.dtype).smallest_subnormal
    return -np.log(A_true).mean(dtype=np.float64)


def binary_accuracy(A, Y):
    """Return the fraction of the images whose A (m, 1) is on Y's side of one half."""
    return ((A > 0.5) == (Y > 0.5)).mean()


def categorical_accuracy(A, Y):
    """Return the fraction of the images whose largest A (m, 10) is in the column of Y's 1."""
    return (A.argmax(axis=1) == Y.argmax(axis=1)).mean()


# ---- A training run ----------------------------------------------------------------------
class Run:
    """A training run: counts and records the epochs, shows progress, ends in good order.

    loss, accuracy, test_loss, test_accuracy: lists, a number for each epoch from 0 on. An epoch's
    number is how many updates have been made. done: whether this epoch is the last.
    """
    current = None  # the run whose epochs are in progress

    def __init__(self, settings, report):
        self.settings, self.results = settings, report["results"]
        self.changes = [f"{name} = {value}" for name, value in vars(settings).items()
                        if value != report["settings"].get(name, value)]
        self.loss, self.accuracy, self.test_loss, self.test_accuracy = [], [], [], []
        self.done, self.interrupted, self.status, self.messages = False, False, 0, []
        self.progress, self.next_line = None, time.monotonic() + 10
        if sys.stdout and sys.stdout.isatty():
            from tensorflow.keras.utils import Progbar
            self.progress = Progbar(settings.EPOCHS, width=8, unit_name="epoch",
                                    stateful_metrics=["loss", "test_loss"])

    def __iter__(self):
        """Yield the number of each epoch, from 0 to EPOCHS, or until the run is done."""
        Run.current = self
        for self.epoch in range(self.settings.EPOCHS + 1):
            yield self.epoch
            if self.done:
                break

    def record(self, loss, accuracy, test_loss, test_accuracy):
        """Note the results of an epoch: means over the training and over the test images."""
        if not math.isfinite(loss + test_loss):
            in_order = sorted(_seen, key=lambda name: name[0] != "d")  # dW is of the epoch before
            name = next((name for name in in_order if not np.isfinite(_seen[name]).all()), "the loss")
            return self._stop(1, f"error: {name} is no longer finite at epoch {self.epoch}; " + (
                "likely: a sigmoid is missing, or the logarithm of 0 is taken" if name == "the loss"
                else "likely: LEARNING_RATE is too large, the mean over the images is not taken, "
                "or a sign is wrong"))
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.test_loss.append(test_loss)
        self.test_accuracy.append(test_accuracy)
        if self.progress and self.epoch:
            self.progress.update(self.epoch, [("loss", loss), ("test_loss", test_loss)])
        elif time.monotonic() > self.next_line:
            print(f"epoch {self.epoch}: loss {loss:.4f}, test_loss {test_loss:.4f}", flush=True)
            self.next_line += 10
        if self.epoch == self.settings.EPOCHS:
            self._stop(0)
        elif self.interrupted:
            self._stop(130, f"stopped by Ctrl-C after epoch {self.epoch} of {self.settings.EPOCHS}")

    def _stop(self, status, *messages):
        Run.current, self.done, self.status = None, True, status
        self.messages += messages
        if not self.loss:
            sys.exit(messages[0])
        if self.progress and status:
            print()  # to leave the line of the progress bar

    def finish(self, figures, **found):
        """Print the report's results and this run's, side by side; save the figures, by file name.

        found: those of this run's results that are not the number of an epoch.
        """
        found |= {(name, epoch): getattr(self, name)[epoch] for *_, name, epoch in self.results
                  if name not in found and epoch < len(self.loss)}
        rows = [("", "report", "this run"),
                *[(words, printed, found.get(name, found.get((name, epoch))))
                  for words, printed, name, epoch in self.results],
                ("", "", ""), (f"this run, epoch {len(self.loss) - 1}", "training", "test"),
                ("loss", self.loss[-1], self.test_loss[-1]),
                ("accuracy", self.accuracy[-1], self.test_accuracy[-1])]
        for words, *numbers in rows:
            print(f"{words:36}", *[f"{self._digits(number):>20}" for number in numbers])
        if self.changes:
            print("not the report's settings:", ", ".join(self.changes))
        for name, figure in figures.items():
            self._save(figure, name)
        for message in self.messages:
            print(message, file=sys.stderr)

    def _digits(self, number):
        """Return a number with every digit that the precision can hold."""
        if isinstance(number, float):
            return f"{number:.9g}" if self.settings.PRECISION == np.float32 else repr(float(number))
        return "-" if number is None else str(number)

    def _save(self, figure, name):
        """Write figure to figures/name, as a whole or not at all."""
        path, part = FIGURES / name, FIGURES / f".{os.getpid()}.{name}"
        try:
            figure.savefig(part)
            part.replace(path)
            print(os.path.relpath(path))
        except OSError as error:
            self.status = self.status or 1
            self.messages.append(f"error: cannot write {path}: {error.strerror}")
        finally:
            part.unlink(missing_ok=True)


# ---- Running a script --------------------------------------------------------------------
_seen = {}  # the latest arguments and results of a script's two functions, by name


def checked(script, name, fail, note):
    """Return a function of a script, made to say at once what is wrong with its results.

    script: its globals(); name: the function's. Calls fail(sentence) where the function returns
    nothing yet, or results of a wrong number, kind or shape, or nan; note(sentence) where it
    returns them in another precision.
    """
    function, parameters = script[name], inspect.signature(script[name]).parameters
    where = f"{Path(script['__file__']).name}: {name}() returns"
    wanted = [ast.unparse(node.targets[0]).strip("()").split(", ")  # as main() names the results
              for node in ast.walk(ast.parse(inspect.getsource(script["main"])))
              if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(name)][0]

    def shape(result):
        if result[1:] in _seen:  # dW and db: as W and b
            return _seen[result[1:]].shape
        return len(_seen["X"]), len(_seen["W" + result[1:]])  # A: a row for each image

    def call(*arguments):
        _seen.update(zip(parameters, arguments))
        try:
            results = function(*arguments)
        except NotImplementedError:
            results = None
        values = results if isinstance(results, (tuple, list)) and wanted[1:] else [results]
        if results is None or len(values) != len(wanted):
            count = f"{len(values)} result" + "s" * (len(values) > 1)
            fail(f"{where} {'nothing yet' if results is None else count}, but should return "
                 + ", ".join(f"{result} {shape(result)}" for result in wanted))
        for result, value in zip(wanted, values):
            found = getattr(value, "shape", type(value).__name__)
            if found != shape(result) and (found, shape(result)) != ((), (1,)):
                fail(f"{where} {result} as {found}, but should return an array {shape(result)}")
            if not Run.current or Run.current.epoch == 0:
                if not np.isfinite(value).all():
                    fail(f"{where} {result} with elements that are nan or inf")
                if value.dtype != arguments[0].dtype:
                    note(f"{where} {result} in {value.dtype}, where {arguments[0].dtype} came in: "
                         "that is slow, but not wrong")
        _seen.update(zip(wanted, values))
        return results

    call.names = wanted
    return call


def _on_ctrl_c(signum, frame):
    """Let the epoch in progress be the last; if there is none, or the second time, exit at once."""
    if Run.current and Run.current.loss and not Run.current.interrupted:
        Run.current.interrupted = True
    else:  # not by an exception: TensorFlow's import may swallow it
        os.write(2, b"\nstopped by Ctrl-C\n")
        os._exit(130)


def run_script(main):
    """Call main() with the command line's arguments; return what it returns, a Run and weights.

    Errors end the program with a line and a status, but those of which Python knows more than we
    do with Python's traceback.
    """
    while os.open(os.devnull, os.O_RDWR) < 3:  # in place of standard streams that are closed
        pass
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # for paths, on any terminal
    signal.signal(signal.SIGINT, _on_ctrl_c)
    for name in ("forward_propagation", "backward_propagation"):
        main.__globals__[name] = checked(
            main.__globals__, name, lambda sentence: sys.exit(f"error: {sentence}"),
            lambda sentence: print(f"note: {sentence}", file=sys.stderr))
    try:
        with np.errstate(all="ignore"):  # what is not finite is told by Run
            run, *weights = main(sys.argv[1:])
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except ValueError as error:
        place = [entry for entry in traceback.extract_tb(error.__traceback__)
                 if Path(entry.filename).parent == HERE and Path(entry.filename) != Path(__file__)][-1]
        sys.exit(f"error: {Path(place.filename).name}, line {place.lineno}: {place.line}: {error}")
    except ImportError as error:
        sys.exit(f"error: {error}: run pip install -r requirements.txt")
    except (OSError, MemoryError) as error:
        sys.exit(f"error: {error}")
    if run.status and not sys.flags.interactive:
        sys.exit(run.status)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # for the prompt of python -i
    return run, *weights


# ---- Figures -----------------------------------------------------------------------------
def new_figure(run, width, height):
    """Return an empty figure, in inches, that says below which settings are not the report's."""
    from matplotlib.figure import Figure  # here, since it takes half a second
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    if run.changes:
        figure.supxlabel(f"not the report's: {', '.join(run.changes)}", size="small", style="italic")
    return figure


def draw_curves(run, quantity, title, first=1, last=math.inf):
    """Return a figure of "loss" or "accuracy" from epoch first to last.

    The report's numbers are points in it, unless the settings are others. Of a run too short to
    have epoch first, the second half is drawn.
    """
    last = min(last, len(run.loss) - 1)
    first = min(first, last // 2)
    figure = new_figure(run, 5.6, 3.6)
    axes = figure.add_subplot(title=f"{title}, epochs {first:,} to {last:,}", xlabel="epoch",
                              ylabel=quantity)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(color="0.9")
    few = "." if last - first < 10 else None  # a line of one point would not be seen
    for label, name, color, style in (("training", quantity, "#0072B2", "-"),
                                      ("test", f"test_{quantity}", "#D55E00", "--")):
        values = getattr(run, name)
        axes.plot(range(first, last + 1), values[first:last + 1], style, color=color, marker=few,
                  label=f"{label}: {values[last]:.4g} at the end")
        for _, printed, result, epoch in [] if run.changes else run.results:
            if result == name and first <= epoch <= last:
                axes.plot(epoch, float(printed), "D", color=color, fillstyle="none",
                          label=f"{label}, report: {float(printed):.4g}")
    axes.legend(loc="lower right" if quantity == "accuracy" else "upper right")
    return figure


def draw_weights(run, W, title):
    """Return a figure of the weights W (units, 784): a picture of 28 x 28 pixels for each unit."""
    columns = math.ceil(math.sqrt(len(W)))
    rows = math.ceil(len(W) / columns)
    mosaic = np.full((29 * rows - 1, 29 * columns - 1), np.nan)  # nan: white, between pictures
    for unit, weights in enumerate(W):
        top, left = 29 * (unit // columns), 29 * (unit % columns)
        mosaic[top:top + 28, left:left + 28] = weights.reshape(28, 28)
    figure = new_figure(run, 5.6, 4.8)
    axes = figure.add_subplot(title=title)
    limit = np.quantile(np.abs(W), 0.95) or 1
    # Blue below zero, grey at zero, yellow above; ever lighter, to be read in black and white.
    picture = axes.imshow(mosaic, cmap="cividis", vmin=-limit, vmax=limit)
    figure.colorbar(picture, label="weight", extend="both")
    axes.set_axis_off()
    return figure
