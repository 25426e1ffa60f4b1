"""Do the tests of the exercises tell wrong edits, at the right place, and leave right ones alone?

The edits are made in the scripts as they were handed out: first the text that a student replaces.
"""
import re

import numpy as np
import pytest
import test_exercises
from conftest import ROOT, SCRIPTS, load

import common

pytestmark = pytest.mark.full
A, B, C = SCRIPTS


def edited(name, tmp_path, *edits):
    source = (ROOT / f"{name}.py").read_text()
    for old, new in edits:
        assert old in source, f"{name} has no longer the text {old!r}"
        source = source.replace(old, new)
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    return load(path)


@pytest.fixture
def judge(few, images, monkeypatch):
    def run_the_tests(module):
        """The tests of test_exercises.py, in its order."""
        test_exercises.test_initial_weights(module)
        test_exercises.test_forward_propagation(module, images)
        test_exercises.test_loss(module, images)
        test_exercises.test_backward_propagation(module, images)
        test_exercises.test_outputs_of_exactly_0_and_1(module, images)
        test_exercises.test_precision(module, images)
        test_exercises.test_training(module, few, monkeypatch)
    return run_the_tests


ROWS = re.escape(test_exercises.ROWS)
UPDATE = r"the update of {0} in main\(\), unless you meant it"
START = "    W, b = initial_weights()\n"
DZ1 = "dA1 * A1 * (1 - A1)"
SOFTMAX = [("A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")]
NOT_0_OR_1 = "main.* with ValueError: Y must be zeros and ones"
WRONG = [  # script, old text, new text, pattern of what is said
    # backward_propagation
    (A, "(A - Y) / m", "(Y - A) / m", r"dW differs from the numerical gradient by 200 % \(it is -1 "
     r"times that\): check the output layer in backward_propagation\(\)"),
    (C, "(A2 - Y) / m", "A2 - Y", r"dW2 differs .* 100 times that\): check the output layer"),
    (B, "(A2 - Y) / m", "(A2 + Y) / m", "dW2 differs from the numerical gradient by"),
    (B, "(A2 - Y) / m", "(A2 - Y) / m / 2", r"it is 0.5 times that"),
    (B, "(A2 - Y) / m", "(A2 - Y) * A2 * (1 - A2) / m", "dW2 differs from the numerical gradient"),
    (A, "(A - Y) / m", "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A) / m",
     "nan where an output is exactly 0 or 1: a division by A or 1 - A"),
    (B, DZ1, "dA1 * A1", "dW1 differs .*: check hidden layer 1 in backward_propagation"),
    (C, DZ1, "dA1 * (1 - A1)", "dW1 differs .*: check hidden layer 1 in backward_propagation"),
    (B, DZ1, "dA1 * A1 * (1 + A1)", "dW1 differs"),
    (B, DZ1, "-dA1 * A1 * (1 - A1)", r"dW1 differs .* \(it is -1 times that\)"),
    (C, DZ1, "dA1 * (1 - A1 ** 2)", "dW1 differs .*: check hidden layer 1 in backward_propagation"),
    (B, DZ1, "dA1", "dW1 differs .*: check hidden layer 1 in backward_propagation"),
    (C, "dZ2 @ W2", "dZ2 @ W2.T", rf"stops in line \d+, dA1 = dZ2 @ W2.T.*ValueError: .*: {ROWS}"),
    (B, "linear_backward(dZ1, X,", "linear_backward(dZ1, A1,", r"returns dW1 with shape \(64, 64\)"
     r"; it should return dW1 \(64, 784\), db1 \(1,\), dW2 \(1, 64\), db2 \(1,\)"),
    (C, "backward(dZ2, A1,", "backward(A1, dZ2,", rf"returns dW2 with shape \(64, 10\).*{ROWS}"),
    (A, "common.linear_backward(dZ, X)", "dZ.T @ X, dZ.sum(axis=1)", r"db with shape \(100,\)"),
    (A, "common.linear_backward(dZ, X)", "dZ.T @ X, dZ.mean(axis=0)", "db differs .* 0.01 times"),
    (A, "common.linear_backward(dZ, X)", "dZ @ X.T, dZ.sum(axis=0)", ROWS),
    (A, "return dW, db", "return db, dW", r"returns dW with shape \(1,\)"),
    (B, "return dW1, db1, dW2, db2", "return dW2, db2, dW1, db1", r"dW1 with shape \(1, 64\)"),
    (B, "return dW1, db1, dW2, db2", "return dW1, db2, dW2, db1", "db2 differs from the numerical"),
    (B, "return dW1, db1", "return dW1, 0 * db1", r"db1 differs .*it is 0\): check hidden layer 1"),
    (B, "return dW1, db1, dW2, db2", "return dW1, dW2", "returns 2 results; it should return dW1"),
    (A, "return dW, db", "return dW * np.nan, db", "returns dW with nan or inf in it"),
    (A, "dZ = (A - Y) / m", "A -= Y; dZ = A / m", r"backward_propagation\(\) stops in line \d+, "
     "A -= Y; dZ = A / m.*: it changes an array that is still needed"),
    (C, "(A2 - Y) / m", "(A2 - Y).astype(np.float64) / m",
     "in float64, where float32 came in: not wrong, but slow"),
    # forward_propagation
    (A, "common.linear_forward(X, W, b)", "W @ X + b", ROWS),
    (A, "common.linear_forward(X, W, b)", "X @ W + b", ROWS),
    (A, "common.linear_forward(X, W, b)", "(W @ X.T + b)", rf"A with shape \(1, 100\).*{ROWS}"),
    (A, "common.linear_forward(X, W, b)", "X @ W.T - b", r"A differs from sigmoid\(X W\^T \+ b\)"),
    (B, "linear_forward(X, W1, b1)", "linear_forward(X, W1, 0 * b1)", "A1 differs from "
     r"sigmoid\(X W\^T \+ b\) by \S+ %: check hidden layer 1 in forward_propagation\(\)"),
    (C, "linear_forward(A1, W2, b2)", "linear_forward(A1, W1, b2)", rf"stops in line .*: {ROWS}"),
    (A, "A = common.sigmoid(Z)", "A = common.sigmoid(-Z)", r"A differs from sigmoid"),
    (A, "A = common.sigmoid(Z)", "A = Z", r"A differs from sigmoid"),
    (A, "A = common.sigmoid(Z)", "A = a", "stops in line .*NameError: name 'a' is not defined"),
    (C, "A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)",
     "A2 is a softmax over the images; over the outputs it is axis=1.*forward_propagation"),
    (A, "return A", "return A.ravel()", r"A with shape \(100,\); it should return A \(100, 1\)"),
    (A, "return A", "return A - A.T", r"returns A with shape \(100, 100\)"),
    (B, "return A1, A2", "return A2, A1", r"returns A1 with shape \(100, 1\)"),
    (B, "return A1, A2", "return A2", r"1 results; it should return A1 \(100, 64\), A2 \(100, 1\)"),
    (A, "forward_propagation(", "forward(", r"there is no function forward_propagation\(\)"),
    # loss and initial_weights
    (A, "losses.mean(dtype=np.float64)", "losses", r"loss.. returns an array of shape \(100, 1\)"),
    (A, "losses.mean(dtype=np.float64)", "losses.sum()", "the loss differs .* 100 times that"),
    (B, "-(Y * np.log", "(Y * np.log", "the loss differs from the mean of equation 2"),
    (C, "-np.log(A_true)", "np.log(A_true)", "the loss differs from the report's .* -1 times"),
    (A, "(1, 784)).astype(PRECISION)", "(1, 784))", "returns W in float64, not in PRECISION"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", rf"a W with shape \(784, 64\).*{ROWS}"),
    (C, "common.random_generator(SEED)", "np.random", "initial_weights.* another W1 each time"),
    # main
    (A, START, START + "    X_train, X_test = X_train.T, X_test.T\n", ROWS),
    (A, "dW, db = backward", "A[A < 0.5] = 0\n            dW, db = backward", r"main\(\) stops in "
     r"line \d+, A\[A < 0.5\] = 0, with ValueError: assignment destination is read-only"),
    (A, "(labels_train == DIGIT).astype(PRECISION)", "labels_train.astype(PRECISION)", NOT_0_OR_1),
    (A, "(labels_train == DIGIT).astype(PRECISION)", "(labels_train - DIGIT - 1)", NOT_0_OR_1),
    (A, "labels_train == DIGIT", "labels_train.astype(str) == str(DIGIT) + '.0'", NOT_0_OR_1),
    (B, "DIGIT = 0 ", "DIGIT = 12 ", NOT_0_OR_1),
    (A, ".reshape(-1, 1)    # (60000", "    # (60000",
     r"main.* with ValueError: A \(500, 1\) and Y \(500,\) should both be \(images, outputs\)"),
    (A, ".reshape(-1, 1)    # (60000", ".reshape(1, -1)    # (60000",
     r"main.* with ValueError: A \(500, 1\) and Y \(1, 500\) should both be \(images, outputs\)"),
    (A, START, START + "    X_train = (X_train - X_train.mean(0)) / X_train.std(0)\n",
     "X has nan or inf in it: check what main.. makes of the pixels"),
    (C, "one_hot = np.eye(10, dtype=PRECISION)", "one_hot = np.eye(10, dtype=PRECISION)[::-1]",
     "Y, which main.* is not 1 just where the label is the digit: check Y_train"),
    (A, "(X_train, Y_train, A)", "(X_train, Y_train[::-1], A)", "Y, which main.* is not 1 just "
     "where the label is the digit: check Y_train in main.., and its order"),
    (B, "b1 -= LEARNING_RATE", "b1 -= 0", r"step 1 of b1 differs from LEARNING_RATE \* db1 by "
     r"100 % \(it is 0\): check " + UPDATE.format("b1")),
    (B, "            W2 -= LEARNING_RATE * dW2\n", "", r"\(it is 0\): check the update of W2"),
    (C, "W1 -= LEARN", "W1.copy()[:] -= LEARN", r"\(it is 0\): check the update of W1"),
    (A, "W -= LEARN", "W += LEARN", r"step 1 of W .* -1 times that\): check the update of W"),
    (C, "W2 -= LEARNING_RATE * dW2", "W2 -= LEARNING_RATE * dW2 / 2", r"\(it is 0.5 times that"),
    (A, "loss=loss(A, Y_train)", "loss=loss(A_test, Y_test)", "run.loss differs .* run.record"),
    (A, "accuracy(A_test, Y_test)", "accuracy(A, Y_train)", "run.test_accuracy differs"),
    (C, "X_train, Y_train, A1, A2, W2)", "X_train, Y_train, A1, A2, W1)", "main.. stops in line"),
    (A, START, START + "    np.random.shuffle(X_train)\n", "X and Y, .* do not belong together"),
    (A, START, START + "    X_train = X_train * 255\n", "of X_train, but not those of X_test"),
    (C, "backward_propagation(X_train, Y_train, A1, A2, W2)",
     "backward_propagation(X_test, Y_test, A1_test, A2_test, W2)", "these are the test images"),
    (C, SOFTMAX[0][0], "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1)", "lack keepdims=True"),
    (A, "range(EPOCHS + 1)", "range(EPOCHS)", "forward_propagation.. 3 times on the training set"),
    (A, "== EPOCHS or run.status", "> EPOCHS", "W at the end differs from that of epoch"),
    (A, "return run, W, b", "return None", "return run and, after it, the weights and biases"),
]


@pytest.mark.parametrize("name, old, new, sentence", WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_edit_is_explained(judge, tmp_path, name, old, new, sentence):
    with pytest.raises(pytest.fail.Exception) as failure:
        judge(edited(name, tmp_path, (old, new)))
    assert re.search(f"^{name}: .*{sentence}", str(failure.value), re.DOTALL), str(failure.value)


def test_an_update_before_the_record_is_explained(judge, tmp_path):
    source = (ROOT / f"{A}.py").read_text()
    record = source[source.index("            run.record("):source.index("            if epoch ==")]
    update = source[source.index("            dW, db = back"):source.index("    run.marks")]
    module = edited(A, tmp_path, (record, update.rstrip() + "\n" + record), ("\n" + update, "\n"))
    with pytest.raises(pytest.fail.Exception, match="W at the end differs"):
        judge(module)


@pytest.mark.parametrize("body", ["pass", "...", "raise NotImplementedError('Exercise')", ""])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_blank_function_is_named(judge, tmp_path, name, body):
    """All functions blank: the first is named; with the first filled in the next is, and so on."""
    names = ["initial_weights", "forward_propagation", "loss", "backward_propagation"]
    source = (ROOT / f"{name}.py").read_text()
    for first in range(len(names)):
        blank = source
        for function in names[first:]:
            blank = re.sub(rf'(def {function}\(.*?\):\n    """.*?"""\n).*?\n\n\n',
                           rf"\1    {body}\n\n\n", blank, count=1, flags=re.DOTALL)
        (tmp_path / f"{name}.py").write_text(blank)
        with pytest.raises(pytest.fail.Exception) as failure:
            judge(load(tmp_path / f"{name}.py"))
        assert str(failure.value).startswith(
            f"{name}: {names[first]}() returns nothing yet; it should return ")


PLAIN = [("common.linear_forward(X, W1, b1)", "X @ W1.T + b1"),
         ("common.linear_forward(A1, W2, b2)", "A1 @ W2.T + b2"),
         *[(f"common.sigmoid(Z{k})", f"1 / (1 + np.exp(-Z{k}))") for k in (1, 2)],
         ("common.linear_backward(dZ2, A1, SHARED_BIAS)", "dZ2.T @ A1, dZ2.sum()"),
         ("common.linear_backward(dZ1, X, SHARED_BIAS)", "dZ1.T @ X, dZ1.sum()")]
RELU = [("A1 = common.sigmoid(Z1)", "A1 = np.maximum(Z1, 0)"), (DZ1, "dA1 * (A1 > 0)")]
TANH = [("A1 = common.sigmoid(Z1)", "A1 = np.tanh(Z1)"), (DZ1, "dA1 * (1 - A1 ** 2)")]
THIRD_LAYER = [
    ("10, HIDDEN_UNITS)).astype(PRECISION)   # (10, 64)\n", "32, HIDDEN_UNITS)).astype(PRECISION)\n"
     "    W3 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10, 32)).astype(PRECISION)\n"
     "    b3 = np.full(1, 0.002, PRECISION)\n"),
    ("    return A1, A2\n", "    Z3 = common.linear_forward(A2, W3, b3)\n"
     "    A3 = common.sigmoid(Z3)\n    return A1, A2, A3\n"),
    ("    dZ2 = (A2 - Y) / m ", "    dZ3 = (A3 - Y) / m\n"
     "    dW3, db3 = common.linear_backward(dZ3, A2, SHARED_BIAS)\n"
     "    dA2 = dZ3 @ W3\n    dZ2 = dA2 * A2 * (1 - A2) "),
    ("W1, b1, W2, b2", "W1, b1, W2, b2, W3, b3"),
    ("dW1, db1, dW2, db2", "dW1, db1, dW2, db2, dW3, db3"), ("A1, A2, W2)", "A1, A2, A3, W2, W3)"),
    ("A1, A2 =", "A1, A2, A3 ="), ("A1_test, A2_test =", "A1_test, A2_test, A3_test ="),
    ("(A2, Y_train)", "(A3, Y_train)"), ("(A2_test, Y_test)", "(A3_test, Y_test)"),
    ("b2 -= LEARNING_RATE * db2\n", "b2 -= LEARNING_RATE * db2\n"
     "            W3 -= LEARNING_RATE * dW3\n            b3 -= LEARNING_RATE * db3\n"),
    ('.png", A2_test', '.png", A3_test'),
]
MINI_BATCHES = [
    ("                break\n", "                break\n"
     "            for start in range(0, len(X_train), 100):\n"
     "                X, Y = X_train[start:start + 100], Y_train[start:start + 100]\n"
     "                A1, A2 = forward_propagation(X, W1, b1, W2, b2)\n"),
    ("dW1, db1, dW2, db2 =", "    dW1, db1, dW2, db2 ="), ("(X_train, Y_train,", "(X, Y,"),
    *[(f"{name} -= ", f"    {name} -= ") for name in ("W1", "b1", "W2", "b2")],
]
MOMENTUM = [("    with common.Run", "    V1 = 0\n    with common.Run"),
            ("W1 -= LEARNING_RATE * dW1", "V1 = 0.9 * V1 + dW1; W1 -= LEARNING_RATE * V1")]
SCALED = [(START, START + "    mean, spread = X_train.mean(0), X_train.std(0) + PRECISION(0.1)\n"
           "    X_train = (X_train - mean) / spread\n    X_test = (X_test - mean) / spread\n")]


@pytest.mark.parametrize("name, edits", [
    (B, PLAIN), (C, PLAIN), (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4")]),
    (B, [("DIGIT = 0", "DIGIT = 8")]), (B, [("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    (A, [("LEARNING_RATE = 1.0", "LEARNING_RATE = 0.1")]), (C, [("SEED = 138", "SEED = 7")]),
    *[(name, [("SHARED_BIAS = True", "SHARED_BIAS = False")]) for name in (B, C)],
    (C, [("PRECISION = np.float32", "PRECISION = np.float64")]),
    (C, [("INIT_RANGE = 0.05", "INIT_RANGE = 2.0")]), (A, [(" + 0.0001", "")]),
    (B, [("INIT_RANGE = 0.05", "INIT_RANGE = 0.0")]), (B, [("+ 0.0001", "+ 1e-7")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 3")]),
    *[(A, [("np.full(1, 0.0001, PRECISION)", b)]) for b in ("0.0", "PRECISION(0)")],
    (B, [("np.full(1, 0.0002, PRECISION)", "0.5")]),
    (A, [(START, START + "    order = np.random.permutation(len(X_train))\n"
          "    X_train, Y_train = X_train[order], Y_train[order]\n")]),
    (A, [("            W -= LEARNING_RATE * dW", "            W = W - dW * LEARNING_RATE")]),
    (A, SCALED), (B, RELU), (C, RELU + SOFTMAX), (C, SOFTMAX), (B, TANH), (C, THIRD_LAYER),
])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_right_edit_is_left_alone(judge, tmp_path, name, edits):
    judge(edited(name, tmp_path, *edits))


@pytest.mark.parametrize("name, edits, words", [(C, MINI_BATCHES, "step 1 of W1 differs"),
                                                (B, MOMENTUM, "step 2 of W1 differs")])
def test_another_update_is_named(judge, tmp_path, name, edits, words):
    with pytest.raises(pytest.fail.Exception, match=words) as failure:
        judge(edited(name, tmp_path, *edits))
    assert re.search(UPDATE.format("W1"), str(failure.value))


def test_softmax_reports_its_own_loss(few, tmp_path):
    module = edited(C, tmp_path, *SOFTMAX)
    module.EPOCHS = 1
    run, *weights = module.main()
    (X, labels), _ = common.load_mnist(np.float64)
    *_, A2 = load(ROOT / f"{C}.py").forward_propagation(X, *weights)
    odds = A2 / (1 - A2)  # exp(Z2)
    softmax = odds / odds.sum(axis=1, keepdims=True)
    assert run.loss[1] == pytest.approx(-np.log(softmax[range(len(X)), labels]).mean(), rel=1e-5)
