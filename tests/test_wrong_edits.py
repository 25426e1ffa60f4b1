"""Do the tests of the exercises explain wrong edits, and leave right ones alone?

The edits are made in the scripts as they were handed out: the text that a student replaces first.
"""
import pytest
import test_exercises as tests
from blank import FUNCTIONS, blank
from judge import MEANT, ROOT, A, B, C, edit, edited, load

pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture
def told(small_mnist, images, monkeypatch, tmp_path):
    def told(path, *edits):
        """Return the first sentence that test_exercises.py has for a script or its path."""
        try:
            path = edited(path, tmp_path, *edits) if edits else path
            tests.test_initial_weights(load(path))
            tests.test_forward_propagation(load(path), images)
            tests.test_loss(load(path), images)
            tests.test_backward_propagation(load(path), images)
            tests.test_main(load(path), small_mnist, monkeypatch)
        except pytest.fail.Exception as failure:
            return str(failure)
    return told


BOTH, LINEAR = "common.linear_backward(dZ, X)", "common.linear_forward(X, W, b)"
OUTPUT, OUTPUT_C = "common.sigmoid(Z)", "common.sigmoid(Z2)"
DZ, DZ2, DZ1, RATE = "(A - Y) / m", "(A2 - Y) / m", "dA1 * A1 * (1 - A1)", "LEARNING_RATE"
START, RETURN = "    W, b = initial_weights()\n", "return dW1, db1, dW2, db2"
Y_TRAIN, WRONG_Y = "(labels_train == DIGIT).astype(PRECISION)", "Y, which main() hands to backward"
RNG = "rng = np.random.RandomState(SEED)\n    rng.permutation(60_000)"
WRONG = [  # script, old text, new text, words of the sentence
    (A, DZ, "(Y - A) / m", "dW and db: its sign is wrong: check the output layer in backward_prop"),
    (A, DZ, "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A) / m", "a division by A or 1 - A"),
    (A, DZ, "((1 - Y) / (1 - A + 1e-9) - Y / (A + 1e-9)) * A * (1 - A) / m", "exactly 0 or 1"),
    (A, DZ, "A / m; A -= Y", "it changes an array that is still needed"),
    (A, DZ, "(A - Y[:, 0]) / m", "dW with shape (100, 784); it should return dW (1, 784), db (1,)"),
    (C, DZ2, "A2 - Y", "not divided by m, the number of images: check the output layer"),
    (C, DZ2, "(A2 - np.eye(10)[Y]) / m", "works, but it takes labels (m,)"),
    (B, DZ2, "(A2 - Y) / m / 3", "dW2 differs from the gradient of equation 2 by 67 % (it is "),
    (C, DZ2, "(A2 - Y).astype(float) / m", "in float64, not in PRECISION: not wrong, but slow"),
    (B, DZ1, "dA1 * A1", "dW1 and db1: the slope is A (1 - A); 1 - A is left out: ch"),
    (B, DZ1, "dA1 @ A1", "(where dA1 is (100, 64), A1 is (100, 64)), with ValueError: matmul"),
    (B, RETURN, f"dW1[63] = 0; {RETURN}", "dW1 differs from the gradient of equation 2"),
    (B, RETURN, "return dW1, db2, dW2, db1", "db2: it is db1: check"),
    (B, RETURN, "return dW1, dW2", "2 result(s); it should return dW1 (64, 784), db1 (1,)"),
    (B, RETURN, "return dW1, 0 * db1, dW2, db2", "db1 differs from the gradient of equation 2"),
    (A, BOTH, "dZ @ X.T, dZ.sum(axis=0)", "images are rows here"),
    (C, "if SHARED_BIAS:", "if False:", "db1 with shape (64,); it should return dW1"),
    (B, "(X, Y, A1, A2, W2)", "(X, Y, A1, A2, W1, W2)", "has other parameters, or another order,"),
    (A, LINEAR, "W @ X + b", "works, but its images are columns; images are rows here"),
    (A, LINEAR, "X @ W + b", "works, but its W is (inputs, units); images are rows here"),
    (A, LINEAR, "X * W.T + b", "with shapes (100,784) (784,1)"), (A, OUTPUT, "z", "NameError"),
    (B, "(X, W1, b1)", "(X, 2 * W1, b1)", "A1 differs from sigmoid(X W^T + b) by "),
    (C, OUTPUT_C, "np.exp(Z2) / np.exp(Z2).sum(axis=1)", "add keepdims=True"),
    (A, "forward_propagation(", "forward(", "there is no function forward_propagation(X, W, b)"),
    (B, "(X, W1, b1, W2, b2)", "(W1, b1, W2, b2, X)", "has other parameters, or another order"),
    (B, "    Z2 =", "    A1 *= np.random.rand(64) > 0.5\n    Z2 =", f"dropout? {MEANT}"),
    (A, "losses.mean(dtype=np.float64)", "losses", "a ndarray of shape (100, 1); it should"),
    (A, "loss(A, Y)", "loss(Y, A)", "loss(Y, A) has other parameters, or another order"),
    (A, " + 0.0001)", ") + 0.0001", "is added outside the logarithms"),
    (B, "return W1, b1, W2, b2", "return dict(W1=W1)", "initial_weights() returns a dict"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", "images are rows here"),
    (C, RNG, "rng = np.random", "returns another W1 each time; make a generator from SEED"),
    (C, RNG, "np.random.seed(SEED); rng = np.random", "does not start as the report: W un"),
    (B, "uniform(-INIT_RANGE,", "uniform(0,", f"in order, {MEANT}"),
    (A, START, f"{START}    X_train = X_train / X_train.std(0)\n", "nan or inf in it"),
    (A, START, f"{START}    X_train, X_test = X_train / 255, X_test / 255\n", "by 255 again"),
    (A, START, f"{START}    X_train = X_train.reshape(784, -1).T\n", "a row of X is not an image"),
    (A, START, f"{START}    X_train = 1 - X_train\n", f"but not those of X_test, {MEANT}"),
    (A, START, f"{START}    np.random.shuffle(X_train)\n", WRONG_Y),
    (A, Y_TRAIN, "labels_train.astype(PRECISION)", WRONG_Y),
    (A, "DIGIT = 0 ", "DIGIT = 12 ", "DIGIT is 12; the digits are 0 to 9"),
    (A, Y_TRAIN, "(labels_train == DIGIT)", "in bool, not in PRECISION: not wrong, but slow"),
    (A, "labels_test == DIGIT", "labels_test == 1", "of the test images, the weights and Y_test"),
    (A, ".reshape(-1, 1)    # (60000", "    # (60000", "ValueError: A (500, 1) and Y (500,)"),
    (A, "dW, db = back", "A[A < 0.5] = 0; dW, db = back", "is not what forward_propagation() re"),
    (C, "(X_train, Y_train, A1", "(X_test, Y_test, A1", "all should be of the training images"),
    (A, f"W -= {RATE}", f"W += {RATE}", "step 1 of W: it goes up the gradient"),
    (A, f"b -= {RATE} * db", f"b = b - {RATE} * dW", "b is (1, 784) now: check its update"),
    (A, f"W -= {RATE}", f"{RATE} *= 0.9; W -= {RATE}", "use another name than outside it"),
    (B, "W1 -= L", "W1 *= 0.9; W1 -= L", f"check the update of W1 in main(), {MEANT}"),
    (B, f"{RATE} = 0.8", f"{RATE} = 0,8", f"{RATE} is (0, 8); it must be one number above 0"),
    (A, "EPOCHS = 10_000", "EPOCHS = 1e4", "EPOCHS is 10000.0; it must be a whole number"),
    (A, "loss=loss(A, Y_train)", "loss=loss(A_test, Y_test)", "training images but of the others"),
    (A, "range(EPOCHS + 1)", "range(EPOCHS)", "calls run.record() 3 times if EPOCHS is 3"),
    (A, "== EPOCHS or run.stopped", "> EPOCHS", "W at the end differs from that of the last epoch"),
    (A, "                break", "                continue", "leave the loop by break, not"),
    (A, "return run, W, b", "return run, b, W", "after run, the weights and biases as"),
    (A, "return run, W, b", "return run, W, b, A", "main() returns 4 values, and line "),
    (A, "return run, W, b", "return None", "return run and, after it, the weights and biases"),
    (B, f"W1 -= {RATE} * dW1", "W1 /= 0", "main() ends at epoch 1: the loss is"),
    (A, "if __name__ == \"__main__\":", "if True:", "it trains as soon as it is imported"),
    (A, "DIGIT = 0 ", "DIGIT = int(input()) ", "DIGIT = int(input()), with "),
    (A, "    Z = c", "    Z == = c", "Z == = common.linear_forward(X, W, b)"),
]


@pytest.mark.parametrize("name, old, new, words", WRONG)
def test_a_wrong_edit_is_explained(told, name, old, new, words):
    sentence = told(name, (old, new))
    assert words in sentence and sentence.startswith(f"{name}: ")


@pytest.mark.parametrize("name, body", [(A, "..."), (B, "raise NotImplementedError"), (C, "pass")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_blank_function_is_named(told, name, body, line_end, tmp_path):
    """The last function blank, then the last two, and so on: the first that is blank is named."""
    for n in 1, 2, 3, 4:
        path = edited(name, tmp_path)
        path.write_bytes(path.read_bytes().replace(b"\n", line_end.encode()))
        blank(path, FUNCTIONS[-n:])
        edit(path, ("    ...\n", f"    {body}\n"))
        assert f"{name}: {FUNCTIONS[-n]}() returns nothing yet; it should " in told(path)


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
SCALED = [(START, START + "    mean, spread = X_train.mean(0), X_train.std(0) + PRECISION(1e-7)\n"
           "    X_train, X_test = (X_train - mean) / spread, (X_test - mean) / spread\n")]
SHUFFLED = [(START, START + "    order = np.random.permutation(len(X_train))[::2]\n"
             "    X_train, Y_train = X_train[order], Y_train[order]\n")]
PLOT = [("    run.print_table()", "    import matplotlib.pyplot as plt\n    plt.plot(run.loss)\n"
         "    plt.savefig('own.png', dpi=100)\n    plt.show()\n    run.print_table()")]
HELD_OUT = [(START, START + "    X_train, X_valid = X_train[:400], X_train[400:]\n"
             "    Y_train = Y_train[:400]\n"),
            ("            dW,", "            forward_propagation(X_valid, W, b)\n            dW,")]


@pytest.mark.parametrize("name, edits", [
    (A, SCALED), (A, SHUFFLED), (A, SCALED + SHUFFLED), (A, PLOT), (A, HELD_OUT), (B, PLAIN),
    (C, PLAIN), (B, RELU), (B, TANH), (C, SOFTMAX), (C, RELU + SOFTMAX), (C, THIRD_LAYER),
    (A, [("            W -= LEARNING_RATE * dW", "            W = W - dW * LEARNING_RATE")]),
    (A, [("np.full(1, 0.0001, PRECISION)", "0.0")]), (A, [(" + 0.0001", "")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 8")]),
    (A, [("LEARNING_RATE = 1.0", "LEARNING_RATE = 0.1")]), (B, [("+ 0.0001", "+ 1e-7")]),
    (B, [("np.full(1, 0.0002, PRECISION)", "PRECISION(0.5)")]), (C, [("SEED = 138", "SEED = 7")]),
    (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4"), ("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    *[(B, [("INIT_RANGE = 0.05", f"INIT_RANGE = {value}")]) for value in (0.0, 2.0)],
    *[(name, [("SHARED_BIAS = True", "SHARED_BIAS = False")]) for name in (B, C)],
])
def test_a_right_edit_is_left_alone(told, name, edits):
    assert told(name, *edits) is None


def readme_diff():
    """Return what README's change to mini-batches replaces, and by what."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("```diff\n")[1].split("```")[0]
    lines = text.splitlines(keepends=True)[3:]
    return tuple("".join(line[1:] or "\n" for line in lines if line[0] != sign) for sign in "+-")


MOMENTUM = [("    with common.Run", "    V1 = 0\n    with common.Run"),
            ("W1 -= LEARNING_RATE * dW1", "V1 = 0.9 * V1 + dW1; W1 -= LEARNING_RATE * V1")]


@pytest.mark.parametrize("name, edits, words", [
    (C, [], "makes 15 updates in 3 epochs"), (B, MOMENTUM, "step 2 of W1 differs")])
def test_another_update_is_named(told, name, edits, words):
    sentence = told(name, *(edits or [readme_diff()]))
    assert words in sentence and sentence.endswith(MEANT)
