"""How the tests load a script, call its functions, compare the results, and watch main().

What they ask of a script stands in test_exercises.py, and the slips that they know in slips.py.
"""
import ast
import importlib.util
import inspect
import re
import shutil
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import slips

import common

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ["lab2_skeleton", "lab2_2_skeleton", "lab2_3_skeleton"]  # a fourth exercise: add it here
A, B, C = SCRIPTS[:3]  # the report's
ROWS = "images are rows here: X (m, inputs), W (units, inputs), Z = X W^T + b, dW = dZ^T X"
MEANT = "unless you meant it"


# ---- Scripts -------------------------------------------------------------------------------------
def fail(script, sentence):
    pytest.fail(f"{script.__name__}: {sentence}", pytrace=False)


def load(path):
    """Return the script as a module; its main() is not called."""
    def trains(*_):
        raise RuntimeError("it trains as soon as it is imported; main() and read_options() belong "
                           "below if __name__ == '__main__':")

    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    script = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "load_mnist", trains)
        patch.setattr(common, "read_options", trains)
        try:
            spec.loader.exec_module(script)
            return script
        except SyntaxError as error:
            sentence = f"line {error.lineno}, {(error.text or '').strip()}: {error.msg}"
        except Exception as error:
            sentence = f"it cannot be imported; it stops in {explain(script, error)}"
    fail(script, sentence)


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


def explain(script, error):
    """Return the line of the script that an error comes from, the shapes in it, and the error."""
    where, hint, words = "its call", "", str(error).partition(", with gufunc")[0]
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == script.__file__:
            lines = Path(script.__file__).read_text(encoding="utf-8").splitlines()
            line = lines[number - 1].partition("#")[0].strip().rstrip(",")
            values = frame.f_globals | frame.f_locals
            shapes = [f"{name} is {values[name].shape}" for name in dict.fromkeys(
                re.findall(r"\w+", line)) if isinstance(values.get(name), np.ndarray)]
            where = f"line {number}, {line}" + f" (where {', '.join(shapes)})" * bool(shapes)
    if "read-only" in words:
        hint = ": it changes an array that is still needed; work on a copy, as in A = A.copy()"
    elif "500" in words and "200" in words:
        hint = (": 500 training and 200 test images meet; does something remain from the last "
                "forward propagation, that of the test images?")
    elif "broadcast" in words and re.search(r"[ .(](sum|mean|max)\(", where):
        hint = ": add keepdims=True to a sum over an axis"
    elif "matmul" in words or "not aligned" in words:
        hint = f": {ROWS}" if re.search(r"\bX|\.T\b", where) else (
            ": @ needs as many columns on its left as rows on its right; * goes entry by entry")
    elif isinstance(error, UnboundLocalError):
        hint = ": what a function assigns to is its own variable; use another name than outside it"
    return f"{where}, with {type(error).__name__}: {words}{hint}"


def check_helpers():
    """Before a script is blamed, say which helper of common.py is wrong."""
    one, X, W = np.ones((1, 1)), np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])
    for call, value, right in (
            ("sigmoid(1)", common.sigmoid(one), 0.731059),
            ("linear_forward([[1, 2]], [[3, 5]], 1)", common.linear_forward(X, W, 1), 14),
            ("linear_backward([[1]], [[1, 2]])", flat(common.linear_backward(one, X)), [1, 2, 1]),
            ("accuracy([[1]], [[1]])", common.accuracy(one, one), 1)):
        if not np.allclose(value, right):
            pytest.fail(f"common.{call} is {np.ravel(value)}, not {right}", pytrace=False)


# ---- A function, called with right inputs --------------------------------------------------------
def named(letters, weights):
    """Return a name for each weight or layer: W, b or, with more layers, W1, b1, W2, b2, ..."""
    layers = range(1, len(weights) // 2 + 1) if len(weights) > 2 else [""]
    return [f"{letter}{layer}" for layer in layers for letter in letters]


def place(k, weights, function):
    layer = f"hidden layer {k + 1}" if 2 * k + 2 < len(weights) else "the output layer"
    return f"check {layer} in {function}_propagation()"


def as_list(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def shape(value):
    try:
        return np.shape(value)
    except ValueError:
        return "of lists of several lengths"


def read_only(value):
    if isinstance(value, np.ndarray):  # and not a plain number
        value = value.copy()
        value.flags.writeable = False
    return value


# What code of another school takes and returns, by the letters of the names
T = np.transpose
WAYS = [({"X": T, "Y": T, "A": T, "b": lambda b: b.reshape(-1, 1)}, {"A": T},
         f"its images are columns; {ROWS}"),
        ({"W": T}, {"dW": T}, f"its W is (inputs, units); {ROWS}"),
        ({"Y": lambda Y: Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0]}, {},
         "it takes labels (m,); main() hands it Y (m, outputs), zeros and ones"), ({}, {}, "")]


def judge(script, name, parameters, arguments, wanted, check, before=None):
    """Fail with a sentence unless a function returns, for these arguments, what check() accepts.

    wanted: the shapes of the results, by name. check: from the results, a sentence or None.
    before: a call that main() makes before this one; the function should not rely on it.
    """
    function, called = getattr(script, name, None), f"{name}({', '.join(parameters)})"
    if not callable(function):
        fail(script, f"there is no function {called}, as the tests call it")
    own = inspect.signature(function)
    try:
        own.bind(*arguments)
        fits = sorted(own.parameters) != sorted(parameters) or list(own.parameters) == parameters
    except TypeError:
        fits = False
    if not fits:
        fail(script, f"{name}{own} has other parameters, or another order, than {called}")

    sentence = ask(script, name, arguments, wanted, check)
    if sentence and "nothing yet" not in sentence:
        for there, back, words in WAYS:
            others = [there.get(parameter[0], np.asarray)(value)
                      for parameter, value in zip(parameters, arguments)]
            if not ask(script, name, others, wanted, check, back):
                sentence = f"{name}() works, but {words}"
            if not ask(script, name, others[1:] + others[:1], wanted, check, back):
                sentence = f"{name}{own} has another order than {called}; {words}".strip("; ")
        if before:
            with suppress(Exception):
                before()
            if not ask(script, name, arguments, wanted, check):
                sentence = (f"{name}() relies on what forward_propagation() keeps of its last "
                            "call, in main() that for the test images; use the arguments")
    if sentence:
        fail(script, sentence)


def ask(script, name, arguments, wanted, check, back=None):
    """Call a function, and return what is wrong with its results, or None."""
    returns = f"{name}() returns {{}}; it should return " + (", ".join(
        map("{} {}".format, wanted, wanted.values())) or "a number, the mean over the images")
    try:
        with np.errstate(all="ignore"):
            values = getattr(script, name)(*map(read_only, arguments))
    except NotImplementedError:
        values = None
    except Exception as error:
        return f"{name}() stops in {explain(script, error)}"
    if values is None or values is ...:
        return returns.format("nothing yet")
    if isinstance(values, (dict, str)) or not wanted and shape(values) != ():
        return returns.format(f"a {type(values).__name__} of shape {shape(values)}")
    if not wanted:
        return check(values)
    values = as_list(values)
    if len(values) != len(wanted):
        return returns.format(f"{len(values)} result(s)")
    for k, (result, size) in enumerate(wanted.items()):
        value, hint = (back or {}).get(result.strip("12345"), np.asarray)(values[k]), ""
        if result[:2] == "db":
            hint = ": one for each unit or, if they share one bias, the sum over the units, too"
            value = value.reshape(size) if np.size(value) == np.prod(size) else value
        if shape(value) != size:
            hint = f": {ROWS}" if shape(value) == size[::-1] else hint
            return returns.format(f"{result} with shape {shape(value)}") + hint
        if value.dtype == object or not np.isfinite(value).all():
            return f"{name}() returns {result} with nan or inf in it"
        values[k] = value
    return check(values)


def initial(script):
    """Return the script's first weights, if they can be those of a network."""
    outputs, values = 1 if hasattr(script, "DIGIT") else 10, None
    wanted = ("; it should return W (units, inputs) and b for each layer, from 784 pixels to "
              f"{outputs} output(s), as W, b or W1, b1, W2, b2")
    if not callable(getattr(script, "initial_weights", None)):
        fail(script, "there is no function initial_weights(), as the tests call it")
    try:
        values = script.initial_weights()
    except Exception as error:
        if not isinstance(error, NotImplementedError):
            fail(script, f"initial_weights() stops in {explain(script, error)}")
    if values is None or values is ...:
        fail(script, f"initial_weights() returns nothing yet{wanted}")
    sizes, inputs = list(map(shape, as_list(values))), 784
    for W, b in zip(sizes[::2], sizes[1::2]):
        inputs = W[0] if len(W) == 2 and W[1] == inputs and np.prod(b) in (1, W[0]) else None
    if isinstance(values, (dict, str)) or len(sizes) % 2 or inputs != outputs:
        fail(script, f"initial_weights() returns a {type(values).__name__} of shapes "
             f"{', '.join(map(str, sizes))}{wanted}" + f": {ROWS}" * (sizes[0][:1] == (784,)))
    return as_list(values)


def network(script, X, labels, dtype=float):
    """Return Y, random weights in the script's shapes, its activations and the right outputs.

    Where the script is not right yet, they are the report's: each function is judged alone.
    """
    rng, activations = np.random.default_rng(1), []
    try:
        sizes = list(map(shape, initial(script)))
    except pytest.fail.Exception:
        units = [784, *([script.HIDDEN_UNITS] if hasattr(script, "HIDDEN_UNITS") else []),
                 1 if hasattr(script, "DIGIT") else 10]
        sizes = [size for k in range(1, len(units)) for size in ((units[k], units[k - 1]), (1,))]
    weights = [np.array(rng.normal(0, 0.1, size), dtype) for size in sizes]
    with suppress(Exception):  # test_forward_propagation says what is wrong
        outputs = script.forward_propagation(X[::-1], *map(read_only, weights))
        forward_fault(X[::-1], weights, as_list(outputs), activations)
    if len(activations) < len(weights) // 2:
        activations = ["sigmoid"] * (len(weights) // 2)
    outputs = [A.astype(dtype) for A in slips.forward(X, weights, activations)]
    return targets(script, labels, dtype), weights, activations, outputs


def targets(script, labels, dtype=float):
    """Return Y: 1 where the label is the script's digit, or the column's; else 0."""
    digits = [script.DIGIT] if hasattr(script, "DIGIT") else np.arange(10)
    return (labels.reshape(-1, 1) == digits).astype(dtype)


# ---- What is wrong with the results --------------------------------------------------------------
def close(value, right, tolerance=1e-6):
    return np.linalg.norm(value - right) <= tolerance * max(np.linalg.norm(right), 1e-5)


def flat(arrays):
    return np.hstack([np.ravel(array) for array in arrays])


def known(value, table, *inputs, factors=(), tolerance=1e-5):
    """Return the sentence of the first slip that gives the value, or a multiple of it; or None."""
    for factor, more in [(1, ""), *factors]:
        for slip, words in table:
            with suppress(ValueError), np.errstate(all="ignore"):  # shapes may not fit
                right = np.asarray(slip(*inputs))
                if right.shape == np.shape(value) and close(value, factor * right, tolerance):
                    return " and ".join(filter(None, (words, more)))


def differs(name, value, right, of, where):
    """Say how far off a value is; and its factor, or the few rows or columns where it is off."""
    size = max(np.linalg.norm(right), 1e-5)
    factor, hint = np.vdot(right, value) / size**2, ""
    if not np.any(value):
        hint = " (it is 0)"
    elif abs(factor - 1) > 0.01 and np.size(value) > 1 and close(value, factor * right, 1e-3):
        hint = f" (it is {factor:.3g} times that)"
    elif np.ndim(right) == 2:
        for axis, line in enumerate(("column", "row")):
            far = np.linalg.norm(value - right, axis=axis) > 1e-6 * size
            numbers = ", ".join(map(str, np.flatnonzero(far)))
            hint += f" (in {line} {numbers})" if far.sum() < min(4, far.size) else ""
    percent = float(f"{100 * np.linalg.norm(value - right) / size:.2g}")
    return f"{name} differs from {of} by {percent:g} %{hint}: {where}"


def forward_fault(X, weights, outputs, activations):
    """Compare each layer with what the layer before it gave; append its activation to the list."""
    for k, A in enumerate(outputs):
        W, b, name = weights[2 * k], np.ravel(weights[2 * k + 1]), named("A", weights)[k]
        Z, where, last = X @ W.T + b, place(k, weights, "forward"), k + 1 == len(outputs)
        right = {activation: f for activation, (f, slope) in slips.ACTIVATIONS.items()
                 if activation == "sigmoid" or (not slope and len(W) > 1 if last else slope)}
        found = [activation for activation, f in right.items() if close(A, f(Z))]
        if not found:
            words = known(A, [(lambda *a, f=f, z=z: f(z(*a)), words) for z, words in slips.Z_SLIPS
                              for f in right.values()], X, W, b) or known(A, slips.A_SLIPS, Z)
            return f"{name}: {words}: {where}" if words else differs(
                name, A, slips.sigmoid(Z), f"sigmoid({f'A{k}' if k else 'X'} W^T + b)", where)
        activations.append(found[0])
        X = A


def backward_fault(X, Y, outputs, weights, activations, gradients):
    """Compare with the right gradients, layer by layer from the output, and with the slips'."""
    arguments = X, Y, outputs, weights, activations
    rights, names = slips.backward(*arguments), named(["dW", "db"], weights)
    slipped = []
    for slip, words in slips.BACKWARD_SLIPS:
        with suppress(ValueError), np.errstate(all="ignore"):  # shapes may not fit
            slipped.append((slips.backward(*arguments, **slip), words))

    def table(part):
        return [(lambda values=values: flat(values[part]), words) for values, words in slipped]

    for k in reversed(range(len(outputs))):
        where, layer = place(k, weights, "backward"), slice(2 * k, 2 * k + 2)
        words = known(flat(gradients[layer]), table(layer),
                      factors=slips.factors(len(X), Y.shape[1]))
        if words:
            return f"{names[2 * k]} and {names[2 * k + 1]}: {words}: {where}"
        for n in 2 * k, 2 * k + 1:
            rest, W = gradients[n] - rights[n], weights[n]
            if not close(gradients[n], rights[n], 1e-5):
                words = known(flat([gradients[n]]), [
                    *[(partial(np.ravel, right), f"it is {other}")
                      for right, other in zip(rights, names)], *table(slice(n, n + 1))])
                if n == 2 * k and close(rest, np.vdot(rest, W) / np.vdot(W, W) * W, 1e-3):
                    words = words or f"it has weight decay in it, {MEANT}"
                return f"{names[n]}: {words}: {where}" if words else differs(
                    names[n], gradients[n], rights[n], "the gradient of equation 2", where)


# ---- main(), watched -----------------------------------------------------------------------------
def watch(script, monkeypatch, epochs=3, stop=None):
    """Call main() for some epochs; return what it returns and, in order, the calls that it makes.

    stop: the epoch after which run.stopped is set, as by a loss that is not finite.
    """
    calls, record = [], common.Run.record

    def watched(name, function, X, *others):
        call = SimpleNamespace(name=name, X=np.array(X), others=[np.array(a) for a in others])
        for k, (new, first) in enumerate(zip(call.others, (calls or [call])[0].others)):
            if name == "forward" and new.size != first.size:
                raise ValueError(f"{named('Wb', others)[k]} is {new.shape} now: check its update")
        rows = [len(array) for array in (call.X, *call.others[:2]) if array.ndim]
        if name == "backward" and len(set(rows)) > 1:
            raise ValueError(f"X, Y, A have {rows} rows: all should be of the training images")
        results = function(X, *others)
        call.results = list(map(np.array, as_list(results)))
        calls.append(call)
        return results

    def watched_record(run, *arguments, **named):
        record(run, *arguments, **named)
        calls.append(SimpleNamespace(name="record"))
        run.stopped |= len(run.loss) - 1 == stop

    with monkeypatch.context() as patch:
        patch.setattr(script, "EPOCHS", epochs)
        patch.setattr(common.Run, "record", watched_record)
        for name in "forward", "backward":
            function = getattr(script, f"{name}_propagation", None)
            patch.setattr(script, f"{name}_propagation", partial(watched, name, function), False)
        try:
            return script.main(), calls
        except Exception as error:
            sentence = f"main() stops in {explain(script, error)}"
    fail(script, sentence)


def identify(X, images):
    """Return which of the images each row of X is, by correlation, or None; also if scaled."""
    def correlations(X, images):
        rows, others = (a - a.mean(axis=1, keepdims=True) for a in (X, images))
        sizes = np.outer(np.linalg.norm(rows, axis=1), np.linalg.norm(others, axis=1))
        return np.abs(rows @ others.T) / (sizes + 1e-9)

    found = correlations(X, images)
    if found.max(axis=1).mean() < 0.999:
        scaled = correlations(*((a - a.mean(axis=0)) / (a.std(axis=0) + 1e-6) for a in (X, images)))
        found = max(found, scaled, key=lambda found: found.max(axis=1).mean())
    return found.argmax(axis=1) if np.mean(found.max(axis=1) > 0.5) > 0.9 else None


def constant_faults(script):
    """Yield what is wrong with the constants."""
    for name in "EPOCHS", "SEED", "DIGIT", "HIDDEN_UNITS":
        if not isinstance(getattr(script, name, 0), (int, np.integer)):
            yield f"{name} is {getattr(script, name)!r}; it must be a whole number, such as 500"
    if getattr(script, "DIGIT", 0) not in range(10):
        yield f"DIGIT is {script.DIGIT!r}; the digits are 0 to 9"
    rate = script.LEARNING_RATE
    if not np.isscalar(rate) or isinstance(rate, str) or not 0 < rate < np.inf:
        yield f"LEARNING_RATE is {rate!r}; it must be one number above 0, with a point: 0.8"


def main_faults(script, monkeypatch, data, epochs=3):
    """Yield what is wrong with main(), the gravest first."""
    returned, calls = watch(script, monkeypatch, epochs)
    if not isinstance(returned, tuple) or not isinstance(returned[0], common.Run):
        yield "main() should return run and, after it, the weights and biases"
    for node in ast.walk(ast.parse(Path(script.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == "main()":
            taken = len(getattr(node.targets[0], "elts", returned))
            if taken != len(returned):
                yield f"main() returns {len(returned)} values, and line {node.lineno} takes {taken}"
    (run, *weights), forwards, backwards = returned, *(
        [call for call in calls if call.name == name] for name in ("forward", "backward"))
    yield from data_faults(script, forwards + backwards, data)
    if not forwards or not backwards:
        yield "main() should call forward_propagation() and backward_propagation(); the tests watch"
    if run.status:
        yield f"main() ends at epoch {len(run.loss) - 1}: the loss is not finite"
    if len(run.loss) != epochs + 1:
        yield (f"main() calls run.record() {len(run.loss)} times if EPOCHS is {epochs}; it should "
               f"{epochs + 1} times, for epochs 0 to {epochs}: check the loop in main()")
    if any(np.size(new) != W.size for new, W in zip(weights, forwards[0].others)):
        yield "main() should return, after run, the weights and biases as initial_weights() does"
    yield from update_faults(script, calls, weights)
    yield from record_faults(script, run, calls)
    for call in forwards + backwards:
        for array in [call.X, *call.others, *call.results]:
            if array.ndim and array.dtype != script.PRECISION:
                yield (f"{call.name}_propagation() gets or returns {array.shape} in {array.dtype}, "
                       "not in PRECISION: not wrong, but slow; use .astype(PRECISION)")
    if len(watch(script, monkeypatch, epochs, stop=1)[0][0].loss) != 2:
        yield "main() goes on when run.stopped is True: leave the loop by break, not continue"
    if len(backwards) > len(run.loss):
        yield f"main() makes {len(backwards)} updates in {epochs} epochs, {MEANT}"
    if any(call.same for call in forwards if call.part == "test") and not any(
            call.same for call in forwards if call.part == "training"):
        yield f"main() changes the pixels of X_train, but not those of X_test, {MEANT}"


def data_faults(script, calls, data):
    """Are X and Y images and their targets? Note in each call which images they are."""
    images, labels = (np.concatenate(part) for part in zip(*data))
    seen = {}
    for call in calls:
        if call.X.shape[1:] != (784,) or not np.isfinite(call.X).all():
            yield f"X is {call.X.shape}, not (m, 784), or has nan or inf in it: check main()"
        key = call.X.tobytes()
        which = seen[key] = seen[key] if key in seen else identify(call.X, images)
        if which is None:
            yield ("a row of X is not an image any more, as when reshape(784, -1).T mixes their "
                   "pixels: check X_train and X_test in main()")
        call.part = "training" if np.mean(which < len(data[0][0])) > 0.5 else "test"
        call.Y = targets(script, labels[which], call.X.dtype)
        call.same = close(call.X, images[which])
        if slip := known(call.X, slips.PIXEL_SLIPS, images[which]):
            yield f"X, the {call.part} images: {slip}: check main()"
        if call.name == "backward":
            Y, *outputs = call.others
            if call.part == "test":
                yield "backward_propagation() gets the test images; it should learn from X_train"
            if not any(all(map(np.array_equal, outputs, forward.results)) for forward in calls
                       if forward.name == "forward"):
                yield ("A, which main() hands to backward_propagation(), is not what "
                       "forward_propagation() returned: is it changed?")
            if Y.shape != call.Y.shape or np.mean(Y == call.Y) < (1 if call.same else 0.95):
                yield ("Y, which main() hands to backward_propagation(), is not 1 just where the "
                       "label is the digit: check Y_train in main(), its order, and the arguments'")


def update_faults(script, calls, weights):
    """Is each update LEARNING_RATE times the gradient? Compare the weights before and after it."""
    step, rate = 0, script.LEARNING_RATE
    for k, call in enumerate(calls):
        if call.name == "forward":
            before, names = call.others, named("Wb", call.others)
        elif call.name == "backward":
            step += 1
            after = [later.others for later in calls[k:] if later.name == "forward"] + [weights]
            for name, W, new, dW in zip(names, before, after[0], call.results):
                if np.size(dW) != W.size or dW.dtype == object:
                    return  # test_backward_propagation says so
                right = (W - rate * dW.reshape(W.shape)).astype(np.asarray(new).dtype)
                if close(new - W, right - W, 1e-3):
                    continue
                others = [(lambda W, rate, _, g=g: W - rate * g, f"it is updated with d{other}")
                          for other, g in zip(names, call.results)]
                words = known(new - W, [(lambda *a, s=s: s(*a) - a[0], words) for s, words in
                                        [*slips.UPDATE_SLIPS, *others]], W, rate, dW)
                name, where = f"step {step} of {name}", f"check the update of {name} in main()"
                yield f"{name}: {words}: {where}" if words else differs(
                    name, W - new, W - right, f"LEARNING_RATE * d{name[-2:].strip()}",
                    f"{where}, {MEANT}")
                return
    for name, W, new in zip(names, before, weights):
        if not np.array_equal(W, new):
            yield (f"{name} at the end differs from that of the last epoch: main() should leave "
                   "the loop before the next update")


def record_faults(script, run, calls):
    """Are the numbers of each epoch those of its weights?"""
    ends = [k for k, call in enumerate(calls) if call.name == "record"]
    for epoch, (start, end) in enumerate(zip([0, *ends], ends)):
        forwards = [call for call in calls[start:end] if call.name == "forward"]
        for part, prefix in ("training", ""), ("test", "test_"):
            for quantity, measure in ("loss", script.loss), ("accuracy", common.accuracy):
                parts = [call.part for call in forwards
                         if all(map(np.array_equal, call.others, forwards[-1].others))
                         and close(measure(call.results[-1], call.Y),
                                   getattr(run, prefix + quantity)[epoch],
                                   1e-5 if call.same else 0.05)]  # else Y may be off in a few rows
                if part not in parts:
                    others = " but of the others" if parts else f", the weights and Y_{part[:5]}"
                    yield (f"run.{prefix}{quantity} in epoch {epoch} is not that of the {part} "
                           f"images{others}: check run.record() in main()")
                    return


def start_faults(script):
    """Yield in what the first weights are not the report's, although the constants are."""
    letter = {A: "A", B: "B", C: "C"}.get(script.__name__)
    settings, _ = common.REPORT.get(letter, ({"": 0}, []))
    if any(getattr(script, name, None) != value for name, value in settings.items()):
        return
    weights, generator = initial(script), np.random.RandomState(script.SEED)
    generator.permutation(60_000)
    limit = script.INIT_RANGE
    if not all(close(W, generator.uniform(-limit, limit, np.shape(W))) for W in weights[::2]):
        yield ("initial_weights() does not start as the report: W uniform from -INIT_RANGE to INIT_"
               f"RANGE, by RandomState(SEED) after its permutation(60_000), in order, {MEANT}")
    if max(map(np.size, weights[1::2])) > 1 and getattr(script, "SHARED_BIAS", False):
        yield f"SHARED_BIAS is True, but initial_weights() has a bias for each unit, {MEANT}"
