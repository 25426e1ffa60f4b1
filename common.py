"""What the three exercises share. In the shapes, m is the number of images, one in each row."""
import argparse
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
from pathlib import Path
from tempfile import TemporaryFile

FIGURES = Path(__file__).resolve().with_name("figures")
os.environ.setdefault("KERAS_HOME", str(FIGURES.with_name(".keras")))  # where mnist.npz is

# One worker per core (see _share_rows), each with a BLAS of one thread; BLAS reads these variables
# when NumPy is loaded. Where NumPy came first, BLAS has taken all the cores: one worker is best.
WORKERS = 1
if "numpy" not in sys.modules:
    os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")
    WORKERS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
if Path("/proc/cpuinfo").exists():
    # OpenBLAS takes AMD's family 26 (Zen 5) for a Haswell: B takes half as long again (issue 6029
    # of OpenMathLib/OpenBLAS). To go when NumPy comes with that project's pull request 6033.
    cpu = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    zen_5 = re.search(r"AuthenticAMD\ncpu family\s*: (2[6-9]|[3-9]\d)\n", cpu)
    if zen_5 and {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(cpu.split()):
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")

import numpy as np

BLOCK_ROWS = 1250  # images in a block: few enough for the cache, many enough for BLAS
_workers = ThreadPoolExecutor(WORKERS, initializer=np.seterr, initargs=["ignore"])
_seen = {}  # the latest arguments and results of a script's two functions, by name

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
        ("test loss in the 500th epoch", "0.3298", "test_loss", 499)]}}
_ALLOWED = {  # of a script's constants: type, lowest, highest
    "DIGIT": (int, 0, 9), "HIDDEN_UNITS": (int, 1, 10**6), "LEARNING_RATE": (float, 1e-9, 1e9),
    "EPOCHS": (int, 1, 10**9), "INIT_RANGE": (float, 0, 1000), "SEED": (int, 0, 2**32 - 1),
    "SHARED_BIAS": (bool, False, True)}


def read_settings(doc, constants, arguments):
    """Return the script's constants, with those that the command line overrides.

    constants: the script's globals(). A setting that is not allowed ends the program with a line
    that names it, and status 2. Makes figures/; raises OSError if nothing can be written there.
    """
    parser = argparse.ArgumentParser(description=doc, usage=argparse.SUPPRESS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("EPOCHS", "LEARNING_RATE", "SEED"):
        parser.add_argument("--" + name.lower().replace("_", "-"), dest=name, metavar="N",
                            type=_ALLOWED[name][0], help=f"in place of {name} = {constants[name]}")
    values = {name: value for name, value in constants.items() if name.isupper()}
    settings = parser.parse_args(arguments, argparse.Namespace(**values))
    for name, (kind, lowest, highest) in _ALLOWED.items():
        value = getattr(settings, name, lowest)
        if not (isinstance(value, (int, kind)) and lowest <= value <= highest):
            parser.error(f"{name} is {value!r}, but must be of type {kind.__name__}, "
                         f"from {lowest} to {highest}")
    if settings.PRECISION not in (np.float32, np.float64):
        parser.error(f"PRECISION is {settings.PRECISION}, but must be np.float32 or np.float64")
    FIGURES.mkdir(exist_ok=True)
    TemporaryFile(dir=FIGURES).close()  # better now than after the training
    return settings


def load_mnist(precision=np.float32):
    """Return (X_train, labels_train), (X_test, labels_test) through tensorflow.keras.

    X: (60000 or 10000, 784), pixels from 0, black, to 1, white; labels: (m,), the digits, uint8.
    Raises OSError where the data is neither here nor to be downloaded.
    """
    stderr, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)  # TensorFlow's log lines begin before its settings for them count
    try:
        from tensorflow.keras.datasets import mnist
    finally:
        os.dup2(stderr, 2)
    try:
        data = mnist.load_data()
    except Exception as error:
        raise OSError(f"cannot load {os.environ['KERAS_HOME']}/datasets/mnist.npz: restore it with "
                      f"git checkout .keras, or connect to the network ({error})") from error
    return [((X.reshape(-1, 784) / np.float32(255)).astype(precision, copy=False), labels)
            for X, labels in data]  # in float64, too, the report's pixels are rounded to float32


def random_generator(seed):
    """Return the generator of the initial weights, in the state in which the report drew them."""
    generator = np.random.RandomState(seed)
    generator.permutation(60_000)  # it had shuffled the images, which a full batch does not notice
    return generator


def _share_rows(formula, *arrays, out=None):
    """Return out, filled with the formula of the arrays, or without it each block's result.

    The cores share the blocks of rows: NumPy lets go of Python's lock while it computes. The
    blocks, and so the results to the last bit, do not depend on the number of cores.
    """
    starts = range(0, max(1, len(arrays[0])), BLOCK_ROWS)
    results, left = {}, iter(starts)

    def worker(_):
        for start in left:  # the workers take them in turn
            rows = slice(start, start + BLOCK_ROWS)
            results[start] = formula(*[array[rows] for array in arrays])
            if out is not None:
                out[rows] = results.pop(start)

    list(_workers.map(worker, range(WORKERS)))
    return [results[start] for start in starts] if out is None else out


class Mistake(ValueError):
    """A mistake that a line explains; after any other error a script ends with its traceback."""


def _check_shape(name, array, *allowed):
    if np.shape(array) not in allowed:
        raise Mistake(f"{name} has shape {np.shape(array)}, not {' or '.join(map(str, allowed))}")


def linear_forward(X, W, b):
    """Return Z = X W^T + b (m, units), the weighted inputs of a layer (section II.A).

    X: (m, inputs); W: (units, inputs); b: (units,) or, shared, (1,). Raises Mistake if they differ.
    """
    _check_shape("W", W, (len(W) if W.ndim > 1 else 1, X.shape[-1]))
    _check_shape("b", b, (len(W),), (1,))
    Z = np.empty((len(X), len(W)), np.result_type(X, W, b))
    if len(W) == 1:  # the same, but faster for a single unit
        return _share_rows(lambda X: np.vecdot(X, W, keepdims=True) + b, X, out=Z)
    return _share_rows(lambda X: X @ W.T + b, X, out=Z)


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), of Z's shape (equation 1); exp may overflow: that gives 0."""
    return _share_rows(lambda Z: 1 / (1 + np.exp(-Z)), Z,
                       out=np.empty(Z.shape, np.result_type(Z, np.float32)))


def linear_backward(dZ, X, shared_bias=False):
    """Return dW = dZ^T X (units, inputs) and db, the sum of dZ over the images (units,).

    dZ: (m, units), dL/dZ; X: (m, inputs), the layer's inputs. A bias that all units share was
    added to all of Z: its db (1,) is the sum of all of dZ. Raises Mistake if shapes do not fit.
    """
    _check_shape("dZ", dZ, (len(X), dZ.shape[-1] if dZ.ndim > 1 else 1))
    blocks = _share_rows(lambda dZ, X: (dZ.T @ X, dZ.sum(axis=0)), dZ, X)
    dW, db = sum(dW for dW, db in blocks), sum(db for dW, db in blocks)
    return dW, db.sum(keepdims=True) if shared_bias else db


def binary_cross_entropy(A, Y):
    """Return the mean over the images of equation 2, -(Y log(A) + (1 - Y) log(1 - A)).

    A, Y: (m, 1). As in the report's run, 0.0001 is added in the logarithms; the gradient takes no
    notice of it. Raises Mistake if the shapes differ.
    """
    _check_shape("Y", Y, A.shape)
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))
    return losses.mean(dtype=np.float64)


def accuracy(A, Y):
    """Return the fraction of the images whose output, or largest of ten, is on the side of Y's."""
    if A.shape[1] == 1:
        return ((A > 0.5) == (Y > 0.5)).mean()
    return (A.argmax(axis=1) == Y.argmax(axis=1)).mean()


class Run:
    """A training run: counts and records the epochs, shows progress, ends in good order.

    loss, accuracy, test_loss, test_accuracy: lists, a number for each epoch from 0 on. An epoch's
    number is how many updates have been made. done: whether this epoch is the last.
    """

    def __init__(self, settings, report):
        self.settings, self.results = settings, report["results"]
        self.changes = [f"{name} = {value}" for name, value in vars(settings).items()
                        if value != report["settings"].get(name, value)]
        self.loss, self.accuracy, self.test_loss, self.test_accuracy = [], [], [], []
        self.done, self.status, self.progress, self.print_at = False, 0, None, time.monotonic() + 10
        if sys.stdout and sys.stdout.isatty():
            from tensorflow.keras.utils import Progbar
            self.progress = Progbar(settings.EPOCHS, width=8, unit_name="epoch",
                                    stateful_metrics=["loss", "test_loss"])

    def __iter__(self):
        """Yield the number of each epoch, from 0 to EPOCHS."""
        def on_ctrl_c(*_):
            self.status = 130  # this epoch is the last
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends the program at once

        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:  # not in a notebook
            signal.signal(signal.SIGINT, on_ctrl_c)
        for self.epoch in range(self.settings.EPOCHS + 1):
            yield self.epoch

    def record(self, loss, accuracy, test_loss, test_accuracy):
        """Note the results of an epoch: means over the training and over the test images."""
        self.done = self.status == 130 or self.epoch == self.settings.EPOCHS
        if not math.isfinite(loss + test_loss):
            names = sorted(_seen, key=lambda name: name[0] != "d")  # dW made W, and W made A
            name = next((name for name in names if not np.isfinite(_seen[name]).all()), "the loss")
            why = ("no sigmoid, or the logarithm of 0" if name == "the loss" else
                   "too large a LEARNING_RATE, a wrong sign, or no mean over the images")
            print()  # to leave the line of the progress bar
            print(f"error: {name} is not finite at epoch {self.epoch}; likely: {why}",
                  file=sys.stderr)
            if not self.loss:
                sys.exit(1)  # there is nothing to draw
            self.done, self.status = True, 1
            return
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.test_loss.append(test_loss)
        self.test_accuracy.append(test_accuracy)
        if self.progress and self.epoch:
            self.progress.update(self.epoch, [("loss", loss), ("test_loss", test_loss)])
        elif time.monotonic() > self.print_at:
            print(f"epoch {self.epoch}: loss {loss:.4f}, test_loss {test_loss:.4f}", flush=True)
            self.print_at += 10

    def finish(self, figures, **found):
        """Print the report's results beside this run's (found: some, by name); save the figures."""
        def digits(name, value):  # all that hold, the zeros at the end of a loss among them
            style = "" if self.settings.PRECISION == np.float64 else ".9g"
            return format(value, "#" + style if "loss" in name else style)

        rows = [(f"\n{'':36}", "report", "this run")]  # "\n" leaves the line of the progress bar
        for words, printed, name, epoch in self.results:
            if hasattr(self, name) and epoch < len(self.loss):
                found[name] = getattr(self, name)[epoch]
            rows.append((words, printed, digits(name, found[name]) if name in found else "-"))
        rows.append((f"\n{f'this run, epoch {len(self.loss) - 1}':36}", "training", "test"))
        for name in ("loss", "accuracy"):
            both = getattr(self, name)[-1], getattr(self, f"test_{name}")[-1]
            rows.append((name, *[digits(name, value) for value in both]))
        for row in rows:
            print("{:36} {:>20} {:>20}".format(*row))
        if self.changes:
            print("not the report's settings:", ", ".join(self.changes))
        for name, figure in figures.items():  # each file as a whole, or not at all
            path, part = FIGURES / name, FIGURES / f".{os.getpid()}.{name}"
            try:
                figure.savefig(part)
                part.replace(path)
                print(f"figures/{name}")
            except OSError as error:
                self.status = self.status or 1
                print(f"error: cannot write {path}: {error.strerror}", file=sys.stderr)
            finally:
                part.unlink(missing_ok=True)
        if self.status == 130:
            print(f"stopped by Ctrl-C after epoch {self.epoch}", file=sys.stderr)


def checked(script, name):
    """Return a script's function, made to raise Mistake if its results are not those of main()."""
    function, parameters = script[name], inspect.signature(script[name]).parameters
    # The results have their names in main(): A1 has a row for each image, dW1 the shape of W1.
    line = re.search(rf"(\w[\w, ]*)\)? *= *{name}\(", inspect.getsource(script["main"]))
    names = re.findall(r"\w+", line[1]) if line else []

    def call(*arguments):
        _seen.update(zip(parameters, arguments))
        try:
            shapes = [_seen[result[1:]].shape if result[0] == "d"  # dW and db: as W and b
                      else (len(arguments[0]), len(_seen["W" + result[1:]])) for result in names]
        except KeyError:
            shapes = []
        if not shapes:  # the names are not the report's
            return function(*arguments)
        try:
            results = function(*arguments)
        except NotImplementedError:
            results = None
        values = results if isinstance(results, (tuple, list)) and names[1:] else [results]
        wrong = ("nothing yet" if results is None else
                 f"{len(values)} result(s)" if len(values) != len(names) else "")
        for result, shape, value in zip(names, shapes, [] if wrong else values):
            found = getattr(value, "shape", type(value).__name__)
            if found != shape and (found, shape) != ((), (1,)):
                wrong = wrong or f"{result} as {found}"
            elif result not in _seen and not np.isfinite(value).all():
                wrong = wrong or f"{result} with nan or inf in it"
            elif result not in _seen and value.dtype != arguments[0].dtype:
                print(f"note: {name}() returns {result} in {value.dtype}, where "
                      f"{arguments[0].dtype} came in: slow, but not wrong", file=sys.stderr)
        if wrong:
            wanted = ", ".join(f"{result} {shape}" for result, shape in zip(names, shapes))
            raise Mistake(f"{name}() returns {wrong}, but should return {wanted}")
        _seen.update(zip(names, values))
        return results

    call.names = names
    return call


def run_script(main):
    """Call main() with the command line's arguments; return what it returns, a Run and weights.

    Errors end the program with a line and a status; those of the student's own with a traceback.
    """
    while os.open(os.devnull, os.O_RDWR) < 3:  # in place of standard streams that are closed
        pass
    os.environ["MPLBACKEND"] = "agg"  # figures are files: no window, no display
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # TensorFlow's import may swallow an exception
    socket.setdefaulttimeout(15)  # seconds; a silent network would hold Keras for minutes
    script = main.__globals__
    for name in ("forward_propagation", "backward_propagation"):
        script[name] = checked(script, name)
    try:
        with np.errstate(all="ignore"):  # what is not finite is told by Run
            run, *weights = main(sys.argv[1:])
        print(end="", flush=True)
    except BrokenPipeError:  # the reader has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Mistake as error:
        file, n, _, line = [entry for entry in traceback.extract_tb(error.__traceback__)
                            if entry.filename == script["__file__"]][-1]
        sys.exit(f"error: {Path(file).name}, line {n}: {line.partition('#')[0].strip()}: {error}")
    except ImportError as error:
        sys.exit(f"error: {error}: run pip install -r requirements.txt")
    except (OSError, MemoryError) as error:
        sys.exit(f"error: {error}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # for the prompt of python -i
    if run.status and not sys.flags.interactive:
        sys.exit(run.status)
    return run, *weights


def new_figure(run, width, height):
    """Return an empty figure, in inches, that says below which settings are not the report's."""
    from matplotlib.figure import Figure  # here, since it takes half a second
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    if run.changes:
        figure.supxlabel("not the report's: " + ", ".join(run.changes), size="small", wrap=True)
    return figure


def draw_curves(run, quantity, title, first=1, last=math.inf):
    """Return a figure of "loss" or "accuracy" by epoch, with the report's numbers as points."""
    last = min(last, len(run.loss) - 1)
    first = first if first < last else last // 2  # of a run that is too short, the second half
    figure = new_figure(run, 5.6, 3.6)
    axes = figure.add_subplot(title=f"{title}, epochs {first:,} to {last:,}", xlabel="epoch",
                              ylabel=quantity)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(color="0.9")
    for label, name, color, style, end in (("training", quantity, "#0072B2", "-", "."),
                                           ("test", f"test_{quantity}", "#D55E00", "--", "x")):
        values = getattr(run, name)[first:last + 1]
        axes.plot(range(first, last + 1), values, style, color=color, marker=end, markevery=[-1],
                  label=f"{label}: {values[-1]:#.4g} at the end")
        for _, printed, result, epoch in [] if run.changes else run.results:
            if result == name and first <= epoch <= last:
                axes.plot(epoch, float(printed), "D", color=color, ms=9, fillstyle="none",
                          label=f"{label}, report: {float(printed):#.4g}")
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
    picture = axes.imshow(mosaic, cmap="cividis", vmin=-limit, vmax=limit)  # readable in print
    figure.colorbar(picture, label="weight", extend="both")
    axes.set_axis_off()
    return figure
