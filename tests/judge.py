"""How the tests load a script, call its functions, compare the results, and watch main()."""
import importlib.util
import inspect
import linecache
import re
import traceback
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
import slips

import common

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ["lab2_skeleton", "lab2_2_skeleton", "lab2_3_skeleton"]  # a fourth exercise: add it here
A, B, C = SCRIPTS[:3]  # the report's
ROWS = "images are rows here: X (m, inputs), W (units, inputs), Z = X W^T + b, dW = dZ^T X"
MEANT = "unless you meant it"
HINTS = [  # what is found in an error and the line that it comes from, and what to add
    ("read-only", "it changes an array that is still needed; work on a copy, as in A = A.copy()"),
    ("500.*200|200.*500", "500 training images meet 200 test images: is something left over from "
     "the last forward propagation?"),
    (r"^(Index|Value).*(\b[61]0_?000\b|size (500|200)\b)", "the tests hand main() 500 training and "
     "200 test images: use len(X_train) and len(X_test)"),
    ("non-broadcastable", "its two sides differ in shape; a db of keepdims=True needs such a b"),
    ("Cannot cast", "an array of whole numbers is changed; make it in PRECISION"),
    (r"broadcast.*[ .(](sum|mean|max)\(", "add keepdims=True to a sum over an axis"),
    (r"(matmul|not aligned).*(\bX|\.T\b)", ROWS),
    ("matmul|not aligned", "@ needs as many columns on its left as rows on its right; * goes entry "
     "by entry"),
    ("Unbound", "assigning in a function makes a local variable; use another name than outside")]


# ---- Scripts -------------------------------------------------------------------------------------
def require(script, fits, sentence):
    """Unless it fits, fail with a sentence, and without the tests' own lines."""
    if not fits:
        pytest.fail(f"{script.__name__}: {sentence}", pytrace=False)


def load(path):
    """Return the script as a module; its main() is not called."""
    def stub(*arguments):
        if common.load_mnist is stub:
            raise RuntimeError("it trains as soon as it is imported; main() and read_options() "
                               "belong below if __name__ == '__main__'")
        return common.load_mnist(*arguments)  # after from common import load_mnist

    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    script = importlib.util.module_from_spec(spec)
    with patch.multiple(common, load_mnist=stub, read_options=stub), \
            patch.dict("sys.modules", {script.__name__: script}):
        try:
            spec.loader.exec_module(script)
        except (Exception, SystemExit) as error:
            require(script, False, f"it cannot be imported; it stops with {explain(script, error)}")
    return script


def edited(source, target, *edits):
    """Copy a script, replace text in it, and return its path."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, f"{source.name} no longer has the text {old!r}"
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8")
    return target


def explain(script, error):
    """Return an error, the line of the script that it comes from, and the shapes in it."""
    words, where = f"{type(error).__name__}: {error}".partition(", with gufunc")[0].strip(": "), ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == script.__file__:
            line = linecache.getline(script.__file__, number).partition("#")[0].strip().rstrip(",")
            values = {**frame.f_globals, **frame.f_locals}
            shapes = [f"{name} is {values[name].shape}" for name in dict.fromkeys(
                re.findall(r"\w+", line)) if isinstance(values.get(name), np.ndarray)]
            where = f", in line {number}, {line}" + f" (where {', '.join(shapes)})" * bool(shapes)
    words += where
    return words + next((f": {hint}" for found, hint in HINTS if re.search(found, words)), "")


@np.errstate(over="raise")
def check_helpers():
    """Before a script is blamed, say which helper of common.py is wrong; all should be exact."""
    rng, Z = np.random.default_rng(0), [1, 0, 20, 100, 1e4, -1, -20, -100, -700, -1e4]
    for dtype, tolerance in (np.float32, 3e-7), (np.float64, 3e-16):
        table = [(f"sigmoid({z:g})", value, float(1 / (1 + Decimal(-z).exp())))
                 for z, value in zip(Z, common.sigmoid(np.array(Z, dtype)))]
        for m, units in (1, 1), (4, 1), (4, 2):
            X, W, b, dZ = (rng.integers(-9, 10, size).astype(dtype)
                           for size in ((m, 3), (units, 3), units, (m, units)))
            table += zip(["linear_forward()", "dW of linear_backward()", "db of linear_backward()"],
                         [common.linear_forward(X, W, b), *common.linear_backward(dZ, X)],
                         [X @ W.T + b, dZ.T @ X, sum(dZ)])
        for name, value, right in table:
            fits = np.shape(value) == np.shape(right) and value.dtype == dtype
            require(common, fits and np.allclose(value, right, tolerance, 1e-38),
                    f"{name} is {value}, not {right}".replace("\n", ""))


# ---- A function, called with right inputs --------------------------------------------------------
def named(letters, weights):
    """Return a name for each weight or layer: W, b or, with more layers, W1, b1, W2, b2, ..."""
    layers = range(1, len(weights) // 2 + 1) if len(weights) > 2 else [""]
    return [f"{letter}{layer}" for layer in layers for letter in letters]


def as_list(value):
    return list(value) if isinstance(value, (tuple, list)) and len(value) > 1 else [value]


def shape(value):
    """Return the shape of an array or a number; of anything else, what it is."""
    if isinstance(value, (int, float)) or getattr(value, "dtype", "object") != "object":
        return np.shape(value)
    return "nothing yet" if value is None or value is ... else f"a {type(value).__name__}"


def call(script, name, *arguments):
    """Return the results of a function, in a list."""
    function, values = getattr(script, name, None), None
    require(script, callable(function), f"there is no function {name}(), as the tests call it")
    try:
        with np.errstate(all="ignore"):
            values = function(*(np.broadcast_to(a, np.shape(a)) for a in arguments))  # read-only
    except NotImplementedError:
        pass
    except (Exception, SystemExit) as error:
        require(script, False, f"{name}() stops with {explain(script, error)}")
    return as_list(values)


def initial(script):
    """Return the script's first weights, if they can be those of a network."""
    values, inputs = call(script, "initial_weights"), 784
    sizes, outputs = list(map(shape, values)), 1 if hasattr(script, "DIGIT") else 10
    for W, b in zip(sizes[::2], sizes[1::2]):
        fits = W[1:] == (inputs,) and type(b) is tuple and np.prod(b) in (1, W[0])
        inputs = W[0] if fits else None
    require(script, inputs == outputs and len(sizes) % 2 == 0, "initial_weights() returns "
            f"{', '.join(map(str, sizes))}; it should return W (units, inputs) and b for each layer"
            f", from 784 pixels to {outputs} output(s), as W, b or W1, b1, W2, b2"
            + f": {ROWS}" * ((784,) in [size[:1] for size in sizes]))
    return values


def ask(script, name, arguments, wanted, check, turned=False):
    """Fail unless a function's results (if turned, their transposes) are those that are wanted,
    a shape for each name, and check(), given them, has nothing to say."""
    first, again = (call(script, name, *arguments) for _ in range(2))
    values, right = first.copy(), list(wanted.values())
    for k, (value, result, size) in enumerate(zip(first, wanted, right)):
        if turned and shape(value) == size[::-1]:
            values[k] = np.transpose(value)
        elif "db" in result and type(shape(value)) is tuple and np.size(value) == np.prod(size):
            values[k] = np.reshape(value, size)
    sizes = list(map(shape, values))
    hint = f": {ROWS}" * any(a == b[::-1] != b for a, b in zip(sizes, right))
    if "backward" in name and sizes[::2] == right[::2] and len(sizes) == len(right):
        hint = ": a number for each unit or, if the units share a bias, the sum of theirs"
    require(script, sizes == right, f"{name}() returns {', '.join(map(str, sizes[:6]))}; it should "
            "return " + ", ".join(f"{k} {size or ''}".strip() for k, size in wanted.items()) + hint)
    same = turned or all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again))
    require(script, same, f"{name}() returns different numbers each time: dropout? {MEANT}")
    words = check(*values)
    require(script, not words, words)


T = np.transpose
WAYS = [  # what code of another school takes, by the first letters of the parameters
    ({}, ""), ({"W": T}, f"its W is (inputs, units); {ROWS}"),
    ({"X": T, "Y": T, "A": T, "b": lambda b: b.reshape(-1, 1)}, f"its images are columns; {ROWS}"),
    ({"Y": lambda Y: Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0]},
     "it takes labels (m,); main() hands it Y (m, outputs), zeros and ones")]


def judge(script, name, parameters, arguments, wanted, check):
    """Ask and, where the answer is wrong, find out whether it would be right in another way."""
    def works(arguments):
        with suppress(pytest.fail.Exception):
            ask(script, name, arguments, wanted, check, turned=True)
            return True

    called, fits = f"{name}({', '.join(parameters)})", False
    if callable(function := getattr(script, name, None)):
        own = inspect.signature(function)
        with suppress(TypeError):
            own.bind(*arguments)
            fits = list(own.parameters) == parameters or {*own.parameters} != {*parameters}
        require(script, fits, f"{name}{own} has other parameters, or another order, than {called}")
    try:
        ask(script, name, arguments, wanted, check)
    except pytest.fail.Exception:
        for there, words in WAYS:
            others = [there.get(parameter[0], np.asarray)(value)
                      for parameter, value in zip(parameters, arguments)]
            require(script, not (there and works(others)), f"{name}() works, but {words}")
            require(script, not works(others[1:] + others[:1]),
                    f"{name}() has another order than {called}; {words}".strip("; "))
        raise


def targets(script, labels, dtype=float):
    """Return Y: 1 where the label is the script's digit, or the column's; else 0."""
    return (labels.reshape(-1, 1) == getattr(script, "DIGIT", np.arange(10))).astype(dtype)


def network(script, X, labels):
    """Return Y, random weights, activations and the right outputs, as the script has them or,
    where it is not right yet, as the report: each function is judged alone."""
    rng, activations, Y = np.random.default_rng(1), [], targets(script, labels)
    try:
        sizes = list(map(shape, initial(script)))
    except pytest.fail.Exception:
        hidden = hasattr(script, "HIDDEN_UNITS")
        sizes = [(64, 784), (1,), (Y.shape[1], 64), (1,)] if hidden else [(Y.shape[1], 784), (1,)]
    weights = [np.asarray(rng.normal(0, 0.1, size)) for size in sizes]
    with suppress(Exception, pytest.fail.Exception):  # test_forward_propagation says what is wrong
        forward_fault(X, weights, call(script, "forward_propagation", X, *weights), activations)
    activations += ["sigmoid"] * (len(weights) // 2 - len(activations))
    return Y, weights, activations, slips.forward(X, weights, activations)


# ---- What is wrong with the results --------------------------------------------------------------
def close(value, right, tolerance=1e-6):
    return np.linalg.norm(value - right) <= tolerance * max(np.linalg.norm(right), 1e-5)


def known(value, table, factors=(), tolerance=1e-5):
    """Return the sentence of the first slip that gives the value, or a multiple of it; or None."""
    for factor, more in [(1, ""), *factors]:
        for slip, words in table:
            if np.shape(slip) == np.shape(value) and close(value, factor * slip, tolerance):
                return " and ".join(filter(None, (words, more)))


def differs(value, right, of):
    """Say how far off a value is; and its factor, or the few rows in which it is off."""
    if not np.isfinite(value).all():
        return "it has nan or inf in it"
    size = max(np.linalg.norm(right), 1e-5)
    factor, hint = f"{np.vdot(right, value) / size**2:.3g}", ""
    if factor != "1" and np.size(value) > 1 and close(value, float(factor) * right, 2e-3):
        hint = f" (it is {factor} times that)"
    elif np.ndim(right) == 2:
        rows = np.flatnonzero(np.linalg.norm(value - right, axis=1) > 1e-6 * size)
        hint = f" (in row {', '.join(map(str, rows))})" * (0 < len(rows) < min(4, len(right)))
    percent = float(f"{100 * np.linalg.norm(value - right) / size:.2g}")
    return f"it differs from {of} by {percent:g} %{hint}"


@np.errstate(all="ignore")
def forward_fault(X, weights, outputs, activations):
    """Compare each layer with what the layer before it gave; append its activation to the list."""
    for k, (A, name) in enumerate(zip(outputs, named("A", weights))):
        W, b, last = weights[2 * k], np.ravel(weights[2 * k + 1]), k + 1 == len(outputs)
        right = {activation: f for activation, (f, slope) in slips.ACTIVATIONS.items()
                 if activation == "sigmoid" or (not slope and len(W) > 1 if last else slope)}
        Z = X @ W.T + b
        found = [activation for activation, f in right.items() if close(A, f(Z))]
        if not found:
            table = [(f(z(Z, b)), words) for z, words in slips.Z_SLIPS for f in right.values()]
            words = known(A, table + [(a(Z), words) for a, words in slips.A_SLIPS]) or differs(
                A, slips.sigmoid(Z), f"sigmoid({f'A{k}' if k else 'X'} W^T + b)")
            layer = "the output layer" if last else f"hidden layer {k + 1}"
            return f"{name}: {words}: check {layer} in forward_propagation()"
        activations += found[:1]
        X = A


@np.errstate(all="ignore")
def backward_fault(X, Y, outputs, weights, activations, gradients):
    """Compare with the right gradients, layer by layer from the output, and with slips."""
    arguments, names = (X, Y, outputs, weights, activations), named(["dW", "db"], weights)
    rights, slipped, last = slips.backward(*arguments), [], len(names) - 2
    for hook, slip, words in slips.BACKWARD_SLIPS:
        with suppress(ValueError):  # its shapes may not fit this network
            slipped.append((slips.backward(*arguments, **{hook: slip}), words))
    for n in sorted(range(len(names)), key=lambda n: (-(n // 2), n)):
        gradient, right, W = gradients[n], rights[n], weights[n]
        if not close(gradient, right, 1e-5):
            table = [(values[n], words) for values, words in slipped]
            table += [(value, f"it is {name}") for value, name in zip(rights, names)]
            if n % 2 == 0 and W.size > 1:
                decay = np.vdot(gradient - right, W) / np.vdot(W, W) * W
                table += [(right + decay, f"it has weight decay in it, {MEANT}")]
            words = known(gradient, table, slips.factors(len(X), Y.shape[1])) or differs(
                gradient, right, "the gradient of equation 2")
            layer = "the output layer" if n >= last else f"hidden layer {n // 2 + 1}"
            return f"{names[n]}: {words}: check {layer} in backward_propagation()"


# ---- main(), watched -----------------------------------------------------------------------------
def watch(script, epochs, stop=None):
    """Return what main() returns, its calls and its error; stop: an epoch that ends the run."""
    calls, recorded, record, n = [], [], common.Run.record, len(initial(script)) + 1  # no flags

    def watched(name, function, *arguments, **named):
        X, *others = map(np.array, inspect.signature(function).bind(*arguments, **named).args[:n])
        calls.append(SimpleNamespace(
            name=name, epoch=len(recorded), X=X, others=others, results=[]))
        results = function(*arguments, **named)
        calls[-1].results = list(map(np.array, as_list(results)))
        return results

    def watched_record(run, *arguments, **named):
        record(run, *arguments, **named)
        recorded.append(run)
        if len(recorded) > epochs + 1:
            raise RuntimeError(f"the loop goes on, although EPOCHS is {epochs}: check its end")
        run.diverged |= len(run.loss) - 1 == stop

    with patch.multiple(common.Run, record=watched_record), patch.multiple(
            script, EPOCHS=epochs,
            forward_propagation=partial(watched, "forward", script.forward_propagation),
            backward_propagation=partial(watched, "backward", script.backward_propagation)):
        try:
            return script.main(), calls, None
        except (Exception, SystemExit) as error:
            return None, calls, error


def identify(X, images):
    """Return which of the images each row of X is, by correlation, or None; also if scaled."""
    pairs = [(X, images), [(a - a.mean(axis=0)) / (a.std(axis=0) + 1e-6) for a in (X, images)]]
    with np.errstate(invalid="ignore"):  # of a row without any contrast
        found = [np.nan_to_num(np.abs(np.corrcoef(*pair)[:len(X), len(X):])) for pair in pairs]
    best = max(found, key=lambda found: found.max(axis=1).mean())
    return best.argmax(axis=1) if np.mean(best.max(axis=1) > 0.5) > 0.9 else None


def check_constants(script):
    missing = {"EPOCHS", "LEARNING_RATE", "SEED", "PRECISION"} - set(vars(script))
    require(script, not missing, f"the tests also need the constants {sorted(missing)}")
    for name, first, last in (("EPOCHS", 1, 10**9), ("SEED", 0, 2**32 - 1), ("DIGIT", 0, 9),
                              ("HIDDEN_UNITS", 1, 10**6)):
        value = getattr(script, name, 1)
        require(script, isinstance(value, (int, np.integer)) and first <= value <= last,
                f"{name} is {value!r}; it must be a whole number from {first} to {last}")
    rate = script.LEARNING_RATE
    require(script, isinstance(rate, (int, float, np.number)) and 0 < rate < np.inf,
            f"LEARNING_RATE is {rate!r}; it must be one number above 0, with a point: 0.8")


def check_main(script, data, epochs=3):
    """Fail with the gravest fault of main() and, if there is none, with what may be meant."""
    need, (returned, calls, error) = partial(require, script), watch(script, epochs)
    calls = [call for call in calls if call.epoch <= epochs]  # not what follows the loop
    run, *weights = as_list(returned)
    forwards, backwards = ([call for call in calls if call.name == name]
                           for name in ("forward", "backward"))
    check_data(script, calls, data)
    check_updates(script, calls, weights, only_slips=True)
    need(not error, f"main() stops with {error and explain(script, error)}")
    need(not getattr(run, "diverged", False), "main() ends early: the loss is not finite")
    need(forwards and backwards and isinstance(run, common.Run)
         and len(weights) >= len(forwards[-1].others) and all(
             type(shape(new)) is tuple and np.size(new) == W.size
             for new, W in zip(weights, forwards[-1].others)), "main() should call forward_"
         "propagation() and backward_propagation(), and return run, then all weights and biases")
    need(len(run.loss) == epochs + 1, f"main() calls run.record() {len(run.loss)} times if EPOCHS "
         f"is {epochs}; it should {epochs + 1} times, for epochs 0 to {epochs}: check the loop")
    check_records(script, run, forwards)
    for call in calls:
        types = {array.dtype.name for array in [call.X, *call.others, *call.results] if array.ndim}
        need(types == {np.dtype(script.PRECISION).name}, f"{call.name}_propagation() gets or "
             f"returns {sorted(types)}, not only PRECISION: slow; use .astype(PRECISION)")
    ended, early, error = watch(script, epochs, stop=1)
    need(not error, f"after an early end, main() stops with {error and explain(script, error)}")
    need(len(as_list(ended)) == len(returned) and all(
        call.epoch + (call.name == "backward") < 3 for call in early), "main() goes on, or returns "
         "less, when run.diverged is True: leave the loop by break, not continue or return")
    for taken in re.findall(
            r"^ *([\w, *]+) = main\(\)", "".join(linecache.getlines(script.__file__)), re.M):
        need("," not in taken or "*" in taken or len(taken.split(",")) == len(returned),
             f"main() returns {len(returned)} values, but the foot of the script takes {taken}")
    need(all(map(np.array_equal, weights, forwards[-1].others)), "main() should return the weights "
         "of the last run.record(), and leave the loop before the next update")
    check_updates(script, calls, weights)
    need(len(backwards) <= len(run.loss),
         f"main() makes {len(backwards)} updates in {epochs} epochs, {MEANT}")
    need(len(same := {call.part for call in forwards if call.same}) != 1,
         f"main() changes pixels, but not those of the {''.join(same)} images, {MEANT}")
    if run.results and not run.note:  # the constants are the report's
        first, limit = initial(script), common.SETTINGS["B"]["INIT_RANGE"]
        rng = np.random.RandomState(script.SEED)
        rng.permutation(60_000)
        need(all(close(W, rng.uniform(-limit, limit, np.shape(W))) for W in first[:4:2])
             and max(map(np.size, first[1::2])) == 1, "initial_weights() returns other weights, or "
             f"more biases, than the report's, {MEANT}")


def check_data(script, calls, data):
    """Are X and Y images and their targets? Note in each call which images they are."""
    need, seen = partial(require, script), {}
    images, labels = (np.concatenate(part) for part in zip(*data))
    for k, call in enumerate(calls):
        need(call.X.shape[1:] == (784,) and 0 < len(call.X) < 9999 and np.isfinite(call.X).all(),
             f"X is {call.X.shape}; it should be (m, 784), without nan or inf, from the 500 images "
             "that common.load_mnist() gives the tests: check main(), and use len(X_train)")
        key = call.X.tobytes()
        if key not in seen:
            seen[key] = identify(call.X, images)
        need((which := seen[key]) is not None, "a row of X is no longer an image, as when "
             "reshape(784, -1).T mixes the pixels: check X_train and X_test in main()")
        call.part = "training" if np.mean(which < len(data[0][0])) > 0.5 else "test"
        call.Y = targets(script, labels[which], call.X.dtype)
        call.same = close(call.X, images[which])
        slip = known(call.X, [(f(images[which]), words) for f, words in slips.PIXEL_SLIPS])
        need(not slip, f"X, the {call.part} images: {slip}: check main()")
        if call.name == "backward":
            need(np.mean(which < len(data[0][0])) >= (1 if call.same else 0.5),
                 "backward_propagation() gets test images; it should learn from X_train alone")
            Y, *given = call.others
            need(Y.shape == call.Y.shape and np.mean(Y == call.Y) >= (1 if call.same else 0.95),
                 "Y, which main() hands to backward_propagation(), should be 1 only where the "
                 "label is the digit: check Y_train, the order of its rows, and of the arguments")
            before = [earlier for earlier in calls[:k] if earlier.name == "forward"]
            need(any(all(map(np.array_equal, [call.X, *given, *before[-1].others], [
                earlier.X, *earlier.results, *earlier.others[2::2], *earlier.others]))
                for earlier in before), "backward_propagation() gets other A or W2 than those of "
                "this X and the present weights: does main() change them?")


def check_updates(script, calls, weights, only_slips=False):
    """Is each update LEARNING_RATE times the gradient? One that is no known slip may be meant."""
    rate = script.LEARNING_RATE
    backwards = [k for k, call in enumerate(calls) if call.name == "backward"]
    for step, (k, end) in enumerate(zip(backwards, [*backwards[1:], None]), 1):
        before = [call.others for call in calls[:k] if call.name == "forward"][-1]
        after = [weights, *[call.others for call in calls[k:end] if call.name == "forward"]][-1]
        names, gradients = named("Wb", before), calls[k].results
        for name, W, new, dW in zip(names, before, after, gradients):
            what, where = f"step {step} of {name}", f"check the update of {name} in main()"
            require(script, np.shape(new) == W.shape or np.size(new) == W.size == 1,
                    f"{what}: it is {np.shape(new)} now, not {W.shape}: {where}")
            right = (W - rate * dW.reshape(W.shape)).astype(np.asarray(new).dtype) - W
            if close(new - W, right, 1e-3):
                continue
            table = [(f(W, rate, dW) - W, words) for f, words in slips.UPDATE_SLIPS]
            table += [(W - rate * g - W, f"it is updated with d{other}")
                      for g, other in zip(gradients, names) if g.size in (1, W.size)]
            words = known(new - W, table)
            require(script, not words, f"{what}: {words}: {where}")
            words = differs(W - new, -right, f"LEARNING_RATE * d{name}")
            require(script, only_slips, f"{what}: {words}: {where}, {MEANT}")


def check_records(script, run, calls):
    """Are the numbers of each epoch those of its weights, in forward propagations before them?"""
    for epoch in range(len(run.loss)):
        forwards = [call for call in calls if call.epoch == epoch]
        for part, prefix in ("training", ""), ("test", "test_"):
            for quantity, measure in ("loss", script.loss), ("accuracy", common.accuracy):
                numbers = getattr(run, prefix + quantity)
                parts = [call.part for call in forwards
                         if all(map(np.array_equal, call.others, forwards[-1].others))
                         and close(measure(call.results[-1], call.Y), numbers[epoch],
                                   1e-5 if call.same else 0.05)]  # else Y may be off in a few rows
                others = " but of the others" if parts else f", the weights and Y_{part[:5]}"
                require(script, part in parts, f"run.{prefix}{quantity} in epoch {epoch} is not "
                        f"that of the {part} images{others}: check run.record() in main()")
