"""Do the tests of the exercises explain wrong edits, and leave right ones alone?"""
import pytest
import test_exercises as tests
from blank import FUNCTIONS, blank
from judge import MEANT, ROOT, A, B, C, edited, load

import common

pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture
def told(small_mnist, images, monkeypatch, tmp_path):
    def told(name, *edits, functions=()):
        """Return the first sentence that test_exercises.py has for an edited script."""
        monkeypatch.setattr(common, "draw_weights", lambda *_: None)  # 64 pictures take a second
        path = edited(ROOT / f"{name}.py", tmp_path / f"{name}.py", *edits)
        if functions:
            blank(path, functions)
        try:
            tests.test_initial_weights(script := load(path))
            tests.test_forward_propagation(script, images)
            tests.test_loss(script, images)
            tests.test_backward_propagation(script, images)
            tests.test_main(script, images, small_mnist)
        except pytest.fail.Exception as failure:
            return str(failure)
    return told


def readme_diff():
    """Return what README's change to mini-batches replaces, and by what."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("```diff\n")[1].split("```")[0]
    lines = text.splitlines(keepends=True)[3:]
    return tuple("".join(line[1:] or "\n" for line in lines if line[0] != sign) for sign in "+-")


DZ, DZ2, DZ1, RATE = "(A - Y) / m", "(A2 - Y) / m", "dA1 * A1 * (1 - A1)", "LEARNING_RATE"
START, RETURN = "    W, b = initial_weights()\n", "return dW1, db1, dW2, db2"
RNG = "rng = np.random.RandomState(SEED)\n    rng.permutation(60_000)"
WRONG = [  # script, old text, new text, words of the sentence
    (A, DZ, "(Y - A) / m", "dW: its sign is wrong: check the output layer in backward_propagation"),
    (A, DZ, "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A) / m", "a division by A or 1 - A"),
    (A, DZ, "A / m; A -= Y", "it changes an array that is still needed"),
    (A, DZ, "(A - Y[:, 0]) / m", "returns (97, 784), (97,); it should return dW (1, 784), db"),
    (C, DZ2, "(A2 - np.eye(10)[Y]) / m", "works, but it takes labels (m,)"),
    (B, DZ2, "(A2 - Y) / m / 3", "dW2: it differs from the gradient of equation 2 by 67 % (it is "),
    (C, DZ2, "(A2 - Y).astype(float) / m", "not only PRECISION: slow; use .astype"),
    (B, DZ1, "dA1 * A1", "dW1: the slope is A (1 - A); 1 - A is left out: check hidden layer 1"),
    (B, DZ1, "dA1 @ A1", "dA1 @ A1 (where dA1 is (97, 64), A1 is (97, 64)): @ needs"),
    (B, RETURN, f"dW1[63] = 0; {RETURN}", "dW1: it differs from the gradient of equation 2 by "),
    (B, RETURN, "return dW1, db2, dW2, db1", "db2: it is db1: check"),
    (B, "(X, Y, A1, A2, W2)", "(X, Y, A1, A2, W1, W2)", "has other parameters, or another order,"),
    (B, "    m = len(X)", "    raise NotImplementedError", "returns nothing yet; it should return"),
    (A, "common.linear_forward(X, W, b)", "W @ X + b", "works, but its images are columns; im"),
    (A, "common.linear_forward(X, W, b)", "X @ W + b", "works, but its W is (inputs, units); "),
    (B, "(X, W1, b1)", "(X, 2 * W1, b1)", "A1: it differs from sigmoid(X W^T + b) by "),
    (C, "common.sigmoid(Z2)", "np.exp(Z2) / np.exp(Z2).sum(axis=1)", "add keepdims=True"),
    (A, "forward_propagation(", "forward(", "there is no function forward_propagation()"),
    (B, "    Z2 =", "    A1 *= np.random.rand(64) > 0.5\n    Z2 =", f"dropout? {MEANT}"),
    (B, "return W1.astype(PRECISION), b1, W2.astype(PRECISION), b2", "return dict(W1=W1)",
     "initial_weights() returns a dict"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", "images are rows here"),
    (C, RNG, "rng = np.random", "returns different weights each time; make a generator and "),
    (C, RNG, "np.random.seed(SEED); rng = np.random", f"more biases, than the report's, {MEANT}"),
    (A, START, f"{START}    X_train, X_test = X_train / 255, X_test / 255\n", "by 255 again"),
    (A, START, f"{START}    X_train = X_train.reshape(784, -1).T\n", "a row of X is no longer an"),
    (A, START, f"{START}    X_train = 1 - X_train\n", f"but not those of the test images, {MEANT}"),
    (A, START, f"{START}    np.random.shuffle(X_train)\n", "Y, which main() hands to backward_pr"),
    (A, "Y_test = targets(labels_test)", "Y_test = targets(labels_test + 9)",
     "of the test images, the weights and Y_test"),
    (A, ".reshape(-1, 1)\n", "\n", "ValueError: A is (500, 1), Y is (500,)"),
    (A, "dW, db = back", "A[A < 0.5] = 0; dW, db = back", "gets other A or W2 than those of thi"),
    (C, "(X_train, Y_train, A1", "(X_test, Y_test, A1", "gets test images; it should learn from X"),
    (A, f"W -= {RATE}", f"W += {RATE}", "step 1 of W: it goes up the gradient"),
    (A, f"b -= {RATE} * db", f"b = b - {RATE} * dW", "step 1 of b: it is (1, 784) now, not (1,)"),
    (A, f"W -= {RATE}", f"{RATE} *= 0.9; W -= {RATE}", "use another name than outside"),
    (B, "W1 -= L", "V = dW1 + (0.9 * V if epoch else 0); dW1 = V; W1 -= L", f"main(), {MEANT}"),
    (C, *readme_diff(), f"main() makes 15 updates in 3 epochs, {MEANT}"),
    (B, f"{RATE} = 0.8", f"{RATE} = 0,8", f"{RATE} is (0, 8); it must be one number above 0"),
    (A, "EPOCHS = 10_000", "EPOCHS = 1e4", "EPOCHS is 10000.0; it must be a whole number"),
    (A, "loss=loss(A, Y_train)", "loss=loss(A_test, Y_test)", "training images but of the others"),
    (A, "range(EPOCHS + 1)", "range(EPOCHS)", "calls run.record() 3 times if EPOCHS is 3"),
    (A, "== EPOCHS or", "> EPOCHS or", "and leave the loop before the next update"),
    (A, "                break", "                continue", "leave the loop by break, not"),
    (A, "return run, W, b", "return run, b, W", "and return run, then all weights and biases"),
    (A, "return run, W, b", "return run, W, b, A", "returns 4 values, but the foot of the script"),
    (A, "if __name__ == \"__main__\":", "if True:", "it trains as soon as it is imported"),
    (A, "    Z = c", "    Z == = c", f"SyntaxError: invalid syntax ({A}.py, line"),
]


@pytest.mark.parametrize("name, old, new, words", WRONG)
def test_a_wrong_edit_is_explained(told, name, old, new, words):
    sentence = told(name, (old, new))
    assert words in sentence and sentence.startswith(f"{name}: ")


@pytest.mark.parametrize("name", [A, B, C])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_blank_function_is_named(told, name, n):
    """The last function blank, then the last two, and so on: the first that is blank is named."""
    sentence = told(name, functions=FUNCTIONS[-n:])
    assert sentence.startswith(f"{name}: {FUNCTIONS[-n]}() returns nothing yet; it should return ")


RELU = [("A1 = common.sigmoid(Z1)", "A1 = np.maximum(Z1, 0)"), (DZ1, "dA1 * (A1 > 0)")]
SOFTMAX = [("A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")]
THIRD_LAYER = [
    ("    return W1.",
     "    W3, b3 = np.eye(10, dtype=PRECISION), np.ones(1, PRECISION)\n    return W1."),
    ("W2.astype(PRECISION), b2", "W2.astype(PRECISION), b2, W3, b3"),
    ("    return A1, A2\n", "    A3 = common.sigmoid(A2 @ W3.T + b3)\n    return A1, A2, A3\n"),
    ("    dZ2 = (A2 - Y) / m ", "    dZ3 = (A3 - Y) / m\n    dW3, db3 = dZ3.T @ A2, dZ3.sum()\n"
     "    dZ2 = dZ3 @ W3 * A2 * (1 - A2) "),
    ("            b2 -= ", "            W3 -= LEARNING_RATE * dW3; b3 -= LEARNING_RATE * db3\n"
     "            b2 -= "), ("W1, b1, W2, b2", "W1, b1, W2, b2, W3, b3"), ("A2_test", "A3_test"),
    ("dW1, db1, dW2, db2", "dW1, db1, dW2, db2, dW3, db3"), ("A1, A2, W2)", "A1, A2, A3, W2, W3)"),
    ("A1, A2 =", "A1, A2, A3 ="), ("A1_test, A3_test =", "A1_test, A2_test, A3_test ="),
    ("(A2, Y_train)", "(A3, Y_train)")]
SCALED = [(START, START + "    mean, spread = X_train.mean(0), X_train.std(0) + PRECISION(1e-7)\n"
           "    X_train, X_test = (X_train - mean) / spread, (X_test - mean) / spread\n")]
SHUFFLED = [(START, START + "    order = np.random.permutation(len(X_train))[::2]\n"
             "    X_train, Y_train = X_train[order], Y_train[order]\n")]
PLOT = [("    run.print_table()", "    import matplotlib.pyplot as plt\n    plt.plot(run.loss)\n"
         "    plt.savefig('own.png', dpi=100)\n    plt.show()\n    run.print_table()")]
HELD_OUT = [(START, START + "    X_train, Y_train, X_valid = X_train[9:], Y_train[9:], X_train\n"),
            ("            dW,", "            forward_propagation(X_valid, W, b)\n            dW,")]


@pytest.mark.parametrize("name, edits", [
    (A, SCALED + SHUFFLED + PLOT), (A, HELD_OUT), (B, RELU), (C, RELU + SOFTMAX), (C, THIRD_LAYER),
    (A, [("            W -= LEARNING_RATE * dW", "            W = W - dW * LEARNING_RATE"),
         ("np.full(1, 0.0001, PRECISION)", "0.0"), (" + 0.0001", "")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 8"),
         ("common.load", "load"), ("import common\n", "import common\nfrom common import *\n")]),
    (B, [("np.full(1, 0.0002, PRECISION)", "PRECISION(0.5)"), ("+ 0.0001", "+ 1e-7")]),
    (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4"), ("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    *[(B, [("INIT_RANGE = 0.05", f"INIT_RANGE = {value}")]) for value in (0.0, 2.0)],
    (C, [("SHARED_BIAS = True", "SHARED_BIAS = False"), ("SEED = 138", "SEED = 7")]),
])
def test_a_right_edit_is_left_alone(told, name, edits):
    assert told(name, *edits) is None
