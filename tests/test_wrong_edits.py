"""Do the tests of the exercises explain wrong edits, and leave right ones alone?

The edits are made in the scripts as they were handed out: the text that a student replaces first.
"""
import pytest
import test_exercises
from conftest import ROOT, SCRIPTS, edited, load
from test_exercises import ROWS

pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("ignore::RuntimeWarning")]
A, B, C = SCRIPTS


@pytest.fixture
def judge(few, images, monkeypatch, tmp_path):
    def judge(name, *edits):
        """Return what the tests of test_exercises.py, in its order, say of an edited script."""
        module = load(edited(name, tmp_path, *edits))
        try:
            test_exercises.test_initial_weights(module)
            test_exercises.test_forward_propagation(module, images)
            test_exercises.test_loss(module, images)
            test_exercises.test_backward_propagation(module, images)
            test_exercises.test_training(module, few, monkeypatch)
        except pytest.fail.Exception as failure:
            return str(failure)
    return judge


LINEAR, BACK, SIGMOID = "common.linear_forward(X, W, b)", "linear_backward", "common.sigmoid(Z"
DZ, DZ2, DZ1 = "(A - Y) / m", "(A2 - Y) / m", "dA1 * A1 * (1 - A1)"
START, Y_TRAIN = "    W, b = initial_weights()\n", "(labels_train == DIGIT).astype(PRECISION)"
GRADIENT, CHANGED = "differs from the numerical gradient by", "it changes an array that is still"
OUTPUT, HIDDEN = (f"check {layer} in backward_propagation()"
                  for layer in ("the output layer", "hidden layer 1"))
WRONG_Y = "Y, which main() hands to backward_propagation(), is not 1 just where the label is the"
WRONG = [  # script, old text, new text, words of the sentence
    # backward_propagation
    (A, DZ, "(Y - A) / m", f"dW {GRADIENT} 200 % (it is -1 times that): {OUTPUT}"),
    (A, DZ, "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A) / m", "a division by A or 1 - A"),
    (A, DZ, "A / m; A -= Y", f"A -= Y, with ValueError: output array is read-only: {CHANGED}"),
    (C, DZ2, "A2 - Y", f"(it is 100 times that): {OUTPUT}"),
    (B, DZ2, "(A2 - Y) / m / 2", f"(it is 0.5 times that): {OUTPUT}"),
    (B, DZ2, "(A2 - Y) * A2 * (1 - A2) / m", f"dW2 {GRADIENT}"),
    (C, DZ2, "(A2 - Y).astype(float) / m", "dW1 is in float64, not in PRECISION: not wrong, but"),
    (B, DZ1, "dA1 * A1", HIDDEN),
    (C, DZ1, "dA1 * (1 - A1 ** 2)", HIDDEN),
    (B, DZ1, "-dA1 * A1 * (1 - A1)", f"dW1 {GRADIENT} 200 % (it is -1 times that): {HIDDEN}"),
    (C, "dZ2 @ W2", "dZ2 @ W2.T", f": {ROWS}"),
    (B, f"{BACK}(dZ1, X", f"{BACK}(dZ1, A1", "returns dW1 with shape (64, 64); it should return "
     "dW1 (64, 784), db1 (1,), dW2 (1, 64), db2 (1,)"),
    (A, f"common.{BACK}(dZ, X)", "dZ.T @ X, dZ.sum(axis=1)", "db with shape (100,)"),
    (A, f"common.{BACK}(dZ, X)", "dZ.T @ X, dZ.mean(axis=0)", f"db {GRADIENT}"),
    (A, f"common.{BACK}(dZ, X)", "dZ @ X.T, dZ.sum(axis=0)", ROWS),
    (C, "if SHARED_BIAS:", "if False:", "is SHARED_BIAS left out?"),
    (B, "return dW1, db1, dW2, db2", "return dW1, db2, dW2, db1", f"db2 {GRADIENT}"),
    (B, "return dW1, db1", "return dW1, 0 * db1", f"(it is 0): {HIDDEN}"),
    (B, "return dW1, db1, dW2, db2", "return dW1, dW2", "returns 2 results; it should return dW1"),
    (A, "return dW, db", "return dW * np.nan, db", "returns dW with nan or inf in it"),
    # forward_propagation
    (A, LINEAR, "W @ X + b", ROWS),
    (A, LINEAR, "(W @ X.T + b)", f"A with shape (1, 100); it should return A (100, 1): {ROWS}"),
    (A, LINEAR, "X @ W.T - b", "A differs from sigmoid(X W^T + b) by"),
    (B, "(X, W1, b1)", "(X, 2 * W1, b1)", "%: check hidden layer 1 in forward_propagation()"),
    (B, "(A1, W2, b2)", "(A1, W2, 0 * b2)", "A2 differs from sigmoid(A1 W^T + b) by"),
    (A, f"{SIGMOID})", "Z", "%: check the output layer in forward_propagation()"),
    (A, f"{SIGMOID})", "z", "A = z, with NameError: name 'z' is not defined"),
    (C, f"{SIGMOID}2)", "np.exp(Z2) / np.exp(Z2).sum(axis=0)", "A2 is a softmax over the images;"),
    (C, f"{SIGMOID}2)", "np.exp(Z2) / np.exp(Z2).sum(axis=1)", "add keepdims=True"),
    (A, "return A", "return A.ravel()", "A with shape (100,); it should return A (100, 1)"),
    (A, "return A", "return A - A.T", "A with shape (100, 100); it should return A (100, 1)"),
    (B, "return A1, A2", "return A2", "1 results; it should return A1 (100, 64), A2 (100, 1)"),
    (A, "forward_propagation(", "forward(", "there is no function forward_propagation()"),
    # loss and initial_weights
    (A, "losses.mean(dtype=np.float64)", "losses", "returns an array of shape (100, 1)"),
    (A, "losses.mean(dtype=np.float64)", "losses.sum()", "(it is 100 times that): check loss()"),
    (C, "-np.log(A_true)", "np.log(A_true)", "the loss differs from the report's loss by 200 %"),
    (A, "(1, 784)).astype(PRECISION)", "(1, 784))", "W is in float64, not in PRECISION"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", ROWS),
    (A, "return W, b", "return W", "returns 1 array(s), W of shape (1, 784); it should return W"),
    (C, "np.random.RandomState(SEED)", "np.random", "returns another W1 each time"),
    # main
    (A, START, START + "    X_train, X_test = X_train.T, X_test.T\n", ROWS),
    (A, START, START + "    X_train = X_train / X_train.std(0)\n", "X has nan or inf in it: check"),
    (A, START, START + "    X_train = X_train * 255\n", "of X_train, but not those of X_test"),
    (A, START, START + "    np.random.shuffle(X_train)\n", "check Y_train in main(), its order, a"),
    (C, "np.eye(10, dtype=PRECISION)", "np.eye(10, dtype=PRECISION)[::-1]", "Y, which main() hands "
     "to backward_propagation(), is not 1 just where the label is the digit: check Y_train"),
    (A, Y_TRAIN, "labels_train.astype(PRECISION)", WRONG_Y),
    (A, "labels_train == DIGIT", "labels_train.astype(str) == str(DIGIT) + '.0'", WRONG_Y),
    (A, ".reshape(-1, 1)    # (60000", "    # (60000", "ValueError: A (500, 1) and Y (500,)"),
    (A, "dW, db = back", "A[A < 0.5] = 0; dW, db = back", f"destination is read-only: {CHANGED}"),
    (C, "(X_train, Y_train, A1", "(X_test, Y_test, A1", "these are the test images; the training"),
    (B, "b1 -= LEARNING_RATE", "b1 -= 0", "step 1 of b1 differs from LEARNING_RATE * db1 by 100 % "
     "(it is 0): check the update of b1 in main(), unless you meant it"),
    (B, "            W2 -= LEARNING_RATE * dW2\n", "", "(it is 0): check the update of W2"),
    (A, "W -= LEARN", "W += LEARN", "(it is -1 times that): check the update of W"),
    (A, "W -= LEARN", "LEARNING_RATE *= 0.9; W -= LEARN", "use another name than outside it"),
    (A, "loss=loss(A, Y_train)", "loss=loss(A_test, Y_test)", "check run.record() in main()"),
    (A, "accuracy(A_test, Y_test)", "accuracy(A, Y_train)", "run.test_accuracy differs"),
    (A, "range(EPOCHS + 1)", "range(EPOCHS)", "forward_propagation() 3 times on the training set"),
    (A, "== EPOCHS or run.stopped", "> EPOCHS", "W at the end differs from that of epoch 3"),
    (A, "return run, W, b", "return run, b, W", "return, after run, the weights and biases in"),
    (A, "return run, W, b", "return None", "return run and, after it, the weights and biases"),
    (B, "W1 -= LEARNING_RATE * dW1", "W1 /= 0", "main() ends at epoch 1: the loss is"),
]


@pytest.mark.parametrize("name, old, new, words", WRONG)
def test_a_wrong_edit_is_explained(judge, name, old, new, words):
    sentence = judge(name, (old, new))
    assert words in sentence and sentence.startswith(f"{name}: ")


@pytest.mark.parametrize("body", ["pass", "...", "raise NotImplementedError('Exercise')", ""])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_blank_function_is_named(judge, name, body):
    """The last function blank, then the last two, and so on: the first that is blank is named."""
    source, blanks = (ROOT / f"{name}.py").read_text(encoding="utf-8"), []
    for function in ("backward_propagation", "loss", "forward_propagation", "initial_weights"):
        start = source.index(f"def {function}(")
        docstring_end = source.index('"""\n', source.index('"""', start) + 3) + 4
        blanks.append((source[docstring_end:source.index("\n\n\n", start)], f"    {body}"))
        assert f"{name}: {function}() returns nothing yet; it should " in judge(name, *blanks)


PLAIN = [("common.linear_forward(X, W1, b1)", "X @ W1.T + b1"),
         ("common.linear_forward(A1, W2, b2)", "A1 @ W2.T + b2"),
         *[(f"common.sigmoid(Z{k})", f"1 / (1 + np.exp(-Z{k}))") for k in (1, 2)],
         ("common.linear_backward(dZ2, A1)", "dZ2.T @ A1, dZ2.sum(axis=0)"),
         ("common.linear_backward(dZ1, X)", "dZ1.T @ X, dZ1.sum(axis=0)")]
RELU = [("A1 = common.sigmoid(Z1)", "A1 = np.maximum(Z1, 0)"), (DZ1, "dA1 * (A1 > 0)")]
TANH = [("A1 = common.sigmoid(Z1)", "A1 = np.tanh(Z1)"), (DZ1, "dA1 * (1 - A1 ** 2)")]
SOFTMAX = [("A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")]
THIRD_LAYER = [
    ("10, HIDDEN_UNITS)).astype(PRECISION)   # (10, 64)\n", "32, HIDDEN_UNITS)).astype(PRECISION)\n"
     "    W3 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10, 32)).astype(PRECISION)\n"
     "    b3 = np.full(1, 0.002, PRECISION)\n"),
    ("    return A1, A2\n", "    Z3 = common.linear_forward(A2, W3, b3)\n"
     "    A3 = common.sigmoid(Z3)\n    return A1, A2, A3\n"),
    ("    dZ2 = (A2 - Y) / m ", "    dZ3 = (A3 - Y) / m\n"
     "    dW3, db3 = common.linear_backward(dZ3, A2)\n    db3 = db3.sum(keepdims=True)\n"
     "    dA2 = dZ3 @ W3\n    dZ2 = dA2 * A2 * (1 - A2) "),
    ("W1, b1, W2, b2", "W1, b1, W2, b2, W3, b3"),
    ("dW1, db1, dW2, db2", "dW1, db1, dW2, db2, dW3, db3"), ("A1, A2, W2)", "A1, A2, A3, W2, W3)"),
    ("A1, A2 =", "A1, A2, A3 ="), ("A1_test, A2_test =", "A1_test, A2_test, A3_test ="),
    ("(A2, Y_train)", "(A3, Y_train)"), ("(A2_test, Y_test)", "(A3_test, Y_test)"),
    ("b2 -= LEARNING_RATE * db2\n", "b2 -= LEARNING_RATE * db2\n"
     "            W3 -= LEARNING_RATE * dW3\n            b3 -= LEARNING_RATE * db3\n"),
    ('.png", A2_test', '.png", A3_test'), ("A2_test[0], labels", "A3_test[0], labels"),
]
SCALED = [(START, START + "    mean, spread = X_train.mean(0), X_train.std(0) + PRECISION(0.1)\n"
           "    X_train = (X_train - mean) / spread\n    X_test = (X_test - mean) / spread\n")]
SHUFFLED = [(START, START + "    order = np.random.permutation(len(X_train))\n"
             "    X_train, Y_train = X_train[order], Y_train[order]\n")]
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


@pytest.mark.parametrize("name, edits", [
    (A, SCALED), (A, SHUFFLED), (A, SCALED + SHUFFLED), (B, PLAIN), (C, PLAIN), (B, RELU),
    (B, TANH), (C, SOFTMAX), (C, RELU + SOFTMAX), (C, THIRD_LAYER),
    (A, [("            W -= LEARNING_RATE * dW", "            W = W - dW * LEARNING_RATE")]),
    (A, [("np.full(1, 0.0001, PRECISION)", "0.0")]), (A, [(" + 0.0001", "")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 8")]),
    (A, [("LEARNING_RATE = 1.0", "LEARNING_RATE = 0.1")]), (B, [("+ 0.0001", "+ 1e-7")]),
    (B, [("np.full(1, 0.0002, PRECISION)", "PRECISION(0.5)")]), (C, [("SEED = 138", "SEED = 7")]),
    (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4"), ("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    *[(B, [("INIT_RANGE = 0.05", f"INIT_RANGE = {value}")]) for value in (0.0, 2.0)],
    *[(name, [("SHARED_BIAS = True", "SHARED_BIAS = False")]) for name in (B, C)],
])
def test_a_right_edit_is_left_alone(judge, name, edits):
    assert judge(name, *edits) is None


@pytest.mark.parametrize("name, edits, words", [(C, MINI_BATCHES, "step 1 of W1 differs"),
                                                (B, MOMENTUM, "step 2 of W1 differs")])
def test_another_update_is_named(judge, name, edits, words):
    sentence = judge(name, *edits)
    assert words in sentence and sentence.endswith("unless you meant it")
