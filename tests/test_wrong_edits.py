"""Do the tests of the exercises explain wrong edits, and leave right ones alone?"""
import pytest
from blank import FUNCTIONS, blank
from compare import MEANT
from judge import CHECKS, function_fault
from judge_main import main_fault
from scripts import ROOT, A, B, C, edited, load

pytestmark = pytest.mark.full


@pytest.fixture
def told(small_mnist, images, tmp_path):
    """Return the first sentence that test_exercises.py has for a script, or None."""
    def first_sentence(path):
        script, fault = load(path)
        if fault:
            return fault
        for name in CHECKS:
            fault = function_fault(script, name, *images)
            if fault:
                return fault
        return main_fault(script, small_mnist)

    return first_sentence


DZ = "(A - Y) / m"
DZ2 = "(A2 - Y) / m"
DZ1 = "dA1 * A1 * (1 - A1)"
FIRST, SECOND = "Y * np.log(A + 0.0001)", "(1 - Y) * np.log(1 - A + 0.0001)"
LOSSES = f"-({FIRST} + {SECOND})"
START = "    W, b = initial_weights()\n"
RETURN = "return dW1, db1, dW2, db2"
SHUFFLE = "    rng.permutation(60_000)    # the result is not needed\n"
GENERATOR = "np.random.RandomState(SEED)"
BACK = "            dW, db = back"
RECORD = """            run.record(
                accuracy=common.accuracy(A, Y_train),
                loss=loss(A, Y_train),
                test_accuracy=common.accuracy(A_test, Y_test),
                test_loss=loss(A_test, Y_test),
            )
"""
UPDATES = """            dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train, A1, A2, W2)
            W1 -= LEARNING_RATE * dW1
            b1 -= LEARNING_RATE * db1
            W2 -= LEARNING_RATE * dW2
            b2 -= LEARNING_RATE * db2
"""


def mini_batches():
    """Return README's lines that make mini-batches."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("```python\n")[2].partition("```")[0]


WRONG = [  # script, old text, new text, words of the sentence
    # targets()
    (A, ".reshape(-1, 1)\n", "\n", "targets() returns (97,) for 97 labels; it should return Y (97, "),
    (A, "labels == DIGIT", "labels == 0", "targets() does not use DIGIT: if it is 1, Y is the same"),
    (A, "labels == DIGIT", "labels != DIGIT", "it is 0 where the label is DIGIT"),
    (A, "labels == DIGIT", "labels % 2 == 0", f"targets() is not 1 where the label is DIGIT, and 0 "
     f"elsewhere, {MEANT}"),
    (A, "(labels == DIGIT).astype(PRECISION)", "labels", "it returns numbers from 0 to 9"),
    (B, "DIGIT).astype(PRECISION)", "DIGIT).astype(np.int64)", "targets() returns int64, not PRECISION"),
    (A, ".reshape(-1, 1)\n", ".reshape(-1, 1) * PRECISION(0.9)\n", f"smoothed? {MEANT}"),
    # initial_weights()
    (B, "return W1.astype(PRECISION), b1, W2.astype(PRECISION), b2", "return dict(W1=W1)",
     "initial_weights() returns a dict"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", "images are rows here"),
    (B, "(HIDDEN_UNITS, 784)", "(64, 784)", "if HIDDEN_UNITS is 67: initial_weights() returns (64,"),
    (B, "(1, HIDDEN_UNITS)", "(10, HIDDEN_UNITS)", "makes a last layer with 10 outputs, but targets"),
    (C, f"rng = {GENERATOR}\n{SHUFFLE}", "rng = np.random\n", "returns different weights each time"),
    (A, SHUFFLE, "", "the permutation(60_000) before them is left out"),
    (B, GENERATOR, "np.random.default_rng(SEED)", "they are drawn by default_rng; the report's are"),
    (A, GENERATOR, "np.random.RandomState(138)", "does not use SEED: if it is 139, the weights are"),
    (B, "rng.uniform(-INIT_RANGE, INIT_RANGE", "rng.uniform(-0.05, 0.05", "does not use INIT_RANGE"),
    (B, "rng.uniform(-INIT_RANGE, INIT_RANGE", "INIT_RANGE * rng.normal(0, 2", "returns other weights"
     f" than its docstring says, {MEANT}"),
    (A, ".astype(PRECISION)    # (1, 784)", "", "makes W in float64, not in PRECISION"),
    (A, ".astype(PRECISION)    # (1, 784)", ".astype(np.float32)", "if PRECISION is float64: initial"),
    (B, "W2 = rng.uniform(-INIT_RANGE, INIT_RANGE", "W2 = rng.uniform(-0.05, 0.05", "if INIT_RANGE is "
     "0.2: initial_weights() returns other weights than its docstring says"),
    (C, "b2 = np.full(10,", "b2 = np.full(1,", "if SHARED_BIAS is False: b2 has 1 numbers"),
    (A, "np.full(1, 0.0001, PRECISION)", "0.0", f"b starts with 0, not with 0.0001, as the docstring "
     f"of initial_weights() says, {MEANT}"),
    (B, "if SHARED_BIAS:\n", "if not SHARED_BIAS:\n", f"if SHARED_BIAS is True, it has 1, {MEANT}"),
    # forward_propagation()
    (A, "common.linear_forward(X, W, b)", "X * W.T + b", "Or is * written in place of @?"),
    (A, "common.linear_forward(X, W, b)", "W @ X + b", "is right for images as columns, but im"),
    (A, "common.linear_forward(X, W, b)", "X @ W + b", "is right for a W of (inputs, units), but im"),
    (A, "common.linear_forward(X, W, b)", "W @ X.T + b", "returns (1, 97); it should return A (97, 1)"),
    (B, "(X, W1, b1)", "(X, 2 * W1, b1)", "A1: it differs from sigmoid(X W^T + b) by "),
    (B, "forward(A1, W2, b2)", "forward(Z1, W2, b2)", "A2: it is made from Z1, not from A1"),
    (B, "forward(A1, W2, b2)", "forward(A1, W2, b1)", "A2: b1 is added, not b2"),
    (A, "common.sigmoid(Z) ", "1 / 1 + np.exp(-Z) ", "A: brackets are missing: 1 / (1 + np.exp(-Z))"),
    (C, "common.sigmoid(Z2)", "np.exp(Z2) / np.exp(Z2).sum(axis=1)", "add keepdims=True"),
    (B, "sigmoid(Z1)", "sigmoid(np.clip(Z1, -10, 10))", f"is Z or A clipped in forward_propagation()"
     f"? {MEANT}"),
    (A, "forward_propagation(", "forward(", "there is no function forward_propagation()"),
    (B, "    Z2 =", "    A1 *= np.random.rand(64) > 0.5\n    Z2 =", f"dropout? {MEANT}"),
    # loss()
    (A, LOSSES, f"-{FIRST} + {SECOND}", "the loss: the minus is only before Y log(A)"),
    (A, LOSSES, f"-({FIRST} + 1 - Y * np.log(1 - A))", "brackets are missing: (1 - Y) * log(1 - A)"),
    (A, "np.log(1 - A + 0.0001)", "np.log(1 - (A + 0.0001))", "it has log(1 - (A + 0.0001)) in place"),
    (A, "np.log(1 - A + 0.0001)", "np.log(A + 0.0001)", "log(A) is there twice"),
    (A, f"losses = {LOSSES}", f"A = np.clip(A, 1e-7, 1)\n    losses = {LOSSES}", MEANT),
    (A, " + 0.0001", "", "the loss: less than 0.0001 is added in the logarithms, so it may be infinite"),
    (B, "+ 0.0001", "+ 1e-7", f"and is not the report's, {MEANT}"),
    (C, "np.log(A_true)", "np.log(A_true + 0.0001)", "the loss: something is added in the logarithm"),
    (C, "A[Y == 1]", "A.max(axis=1)", "it takes the largest output"),
    (C, "-np.log(A_true)", "-(Y * np.log(A)).sum(axis=0)", "it is summed over the images and averaged"),
    (A, "float64)    # in float64", "float64), len(Y)    # in float64", "loss() returns (), (); it should"),
    (B, "def loss(A, Y)", "def loss(Y, A)", "loss(Y, A) has another order than loss(A, Y)"),
    (B, "def loss(A, Y):", "def loss(y, p):\n    Y, A = y, p", "is right but for its parameters, which ha"),
    # backward_propagation()
    (A, DZ, "(Y - A) / m", "dW: its sign is wrong: check backward_propagation()"),
    (A, DZ, "A - Y / m", "dW: brackets are missing: (A - Y) / m"),
    (A, DZ, "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A) / m", "a division by A or 1 - A"),
    (A, DZ, "A / m; A -= Y", "it changes an array that is still needed"),
    (A, DZ, "(A - Y[:, 0]) / m", "returns (97, 784), (97,); it should return dW (1, 784), db"),
    (A, DZ, "(A - Y) * (1 + 4 * Y) / m", f"the digits have different weights in it, {MEANT}"),
    (A, DZ, "(A - 0.9 * Y - 0.05) / m", f"Y is smoothed in it, {MEANT}"),
    (A, DZ, "LEARNING_RATE * (A - Y) / m", "if LEARNING_RATE is 0.7: dW: it is multiplied by LEARNING"),
    (A, "return dW, db\n", "return dW, 3 * db\n", "db: it differs from the gradient of equation 2 by "),
    (B, DZ2, "-Y / A2 / m", "dW2: it is made from -Y / A"),
    (C, DZ2, "(A2 - np.eye(10)[Y]) / m", "is right for labels (m,), but main() hands"),
    (B, DZ2, "(A2 - Y) / m / 3", "dW2: it differs from the gradient of equation 2 by 67 % (it is "),
    (C, DZ2, "(A2 - Y).astype(float) / m", "makes dW1 in float64 from float32: slow"),
    (B, DZ1, "dA1 * A1", "dW1: the slope is A (1 - A); 1 - A is left out: check hidden layer 1"),
    (B, DZ1, "dA1 * A1 * 1 - A1", "dW1: brackets are missing: A * (1 - A): check hidden layer 1"),
    (B, DZ1, "dA1 * A1 * (1 + A1)", "dW1: the slope is A (1 - A), not A (1 + A)"),
    (B, DZ1, "dA1 @ A1", "dA1 @ A1 (where dA1 is (97, 64), A1 is (97, 64)): @ needs"),
    (B, "dZ2 @ W2 ", "dZ2 ", "dW1: W is left out of dA"),
    (C, "dZ2 @ W2 ", "dZ2 ", "is a product with @ left out, as in dA1 = dZ2 @ W2?"),
    (B, "dZ2 @ W2 ", "dZ2 @ W2.T ", "dA1 is dZ2 @ W2, without .T"),
    (B, RETURN, f"dW1[63] = 0; {RETURN}", "dW1: it differs from the gradient of equation 2 by "),
    (B, RETURN, f"dW1 = dW1 + 0.1 * np.ones(784); {RETURN}", "dW1: it differs from the gradient of "),
    (B, RETURN, "return dW1, db2, dW2, db1", "db2: it is db1: check"),
    (B, RETURN, f"dW2 = np.clip(dW2, -0.01, 0.01); {RETURN}", f"it is clipped to 0.01, {MEANT}"),
    (C, "    if SHARED_BIAS:    # one", "    if True:    # one", "if HIDDEN_UNITS is 67 and SHARED_BIAS "
     "is False and LEARNING_RATE is 0.56: backward_propagation() returns (67, 784), (1,)"),
    (B, "(X, Y, A1, A2, W2)", "(X, Y, A1, A2, W1, W2)", "has other parameters than"),
    (B, "    m = len(X)", "    raise NotImplementedError", "returns nothing yet; it should return"),
    # main(): the data
    (A, START, f"{START}    X_train, X_test = X_train / 255, X_test / 255\n", "by 255 again"),
    (A, START, f"{START}    X_train = X_train.reshape(784, -1).T\n", "mixes the pixels of the images"),
    (A, "backward_propagation(X_train, Y_train, A)", "backward_propagation(X_test, Y_train, A)",
     "backward_propagation(X_test, Y_train, A) (where X_test is (200, 784), Y_train is (500, 1), A is "
     "(500, 1)): 500 training images meet 200 test images"),
    (B, "(X_train, Y_train, A1, A2, W2)", "(X_train, Y_train, A2, A1, W2)",
     "as rows on its right; are its arguments right, and in the right order?"),
    (A, START, f"{START}    X_test = X_train[:200]\n", "the test images are training images"),
    (A, START, f"{START}    X_train = 1 - X_train\n", f"1 - X (the test pixels must be, too), {MEANT}"),
    (A, START, f"{START}    np.random.shuffle(X_train)\n", f"check main(), {MEANT}"),
    (A, START, f"{START}    epochs_each = EPOCHS // 10\n    print(5 % epochs_each)\n",
     "if EPOCHS is 1, main() stops with ZeroDivisionError"),
    (A, START, f"{START}    Y_train = 1 - Y_train\n", "run.loss in epoch 0: Y_train is 1 - Y_train"),
    (A, "targets(labels_test)", "(labels_test == 3).reshape(-1, 1)", "Y_test is 1 for the digit 3"),
    (A, "targets(labels_test)", "targets(labels_train)[:200]", f"check main(), {MEANT}"),
    # main(): what is recorded
    (A, RECORD, "", "main() never calls run.record(); it should in each epoch"),
    (A, "loss=loss(A, Y_train)", "loss=loss(A_test, Y_test)", "it is that of run.test_loss; is some"),
    (A, "            A = forward_propagation(X_train, W, b) ", "            if epoch == 0:\n"
     "                A = forward_propagation(X_train, W, b) ", "it is that of the epoch before"),
    (A, RECORD, f"{BACK}ward_propagation(X_train, Y_train, A)\n            W -= LEARNING_RATE * dW\n"
     f"            b -= LEARNING_RATE * db\n            A = forward_propagation(X_train, W, b)\n{RECORD}",
     "it is that of the next epoch; record first, then update"),
    (A, "range(EPOCHS + 1)", "range(EPOCHS)", "calls run.record() 1 times if EPOCHS is 1; it should"),
    (A, "            b -= LEARNING_RATE * db\n", "            b -= LEARNING_RATE * db\n            "
     "dW, db = backward_propagation(X_train, Y_train, forward_propagation(X_train, W, b))\n"
     "            W -= LEARNING_RATE * dW\n            b -= LEARNING_RATE * db\n",
     "main() makes two updates in an epoch"),
    (B, "dA1 * A1 *", "dA1 @ A1 *", "the slope is multiplied by *"),
    (A, "== EPOCHS or", "> EPOCHS or", "another update after the last run.record(); leave the loop"),
    (A, "                break", "                continue", "leave the loop by break, not continue"),
    # main(): the updates
    (A, BACK, f"            A[A < 0.5] = 0\n{BACK}", f"step 1 of W: it differs from LEARNING_RATE * dW "
     f"by 23 %: check the update of W in main(), {MEANT}"),
    (C, "(X_train, Y_train, A1, A2, W2)", "(X_test, Y_test, A1_test, A2_test, W2)",
     "step 1 of W1: backward_propagation() gets test images"),
    (C, "(X_train, Y_train, A1", "(X_test, Y_test, A1", "500 training images meet 200 test images"),
    (A, "W -= LEARNING_RATE", "W += LEARNING_RATE", "step 1 of W: it goes up the gradient"),
    (A, "W -= LEARNING_RATE * dW", "W -= dW", "step 1 of W: LEARNING_RATE is left out"),
    (B, "W1 -= LEARNING_RATE", "W1 -= 0.8", "step 1 of W1: the learning rate is written as 0.8"),
    (A, "            W -= L", "            if epoch % 100 == 0:\n                W -= L",
     "step 2 of W: it is not updated"),
    (A, "b -= LEARNING_RATE * db", "b = b - LEARNING_RATE * dW", "has an update changed the shape of b"),
    (A, "b -= LEARNING_RATE * db", "b -= LEARNING_RATE * dW", "are dW and db, or the results of backw"),
    (A, "dW, db = back", "db, dW = back", "are dW and db, or the results of backward_propagation(), "),
    (A, "W -= LEARNING_RATE", "LEARNING_RATE *= 0.9; W -= LEARNING_RATE", "use another name"),
    (B, "W1 -= L", "V = 0.9 * V + dW1; W1 -= L", "V has no value yet; give it one before, say above"),
    (B, "W1 -= L", "V = dW1 + (0.9 * V if epoch else 0); dW1 = V; W1 -= L", f"main(), {MEANT}"),
    (B, "W1 -= L", "dW1 = np.clip(dW1, -0.001, 0.001); W1 -= L", f"main(), {MEANT}"),
    (C, UPDATES, mini_batches(), f"check the update of W1 in main(), {MEANT}"),
    # the script
    (A, "return run, W, b", "return run, b, W", "main() returns (1,) for W, which was (1, 784) at"),
    (A, "return run, W, b", "return run, W.tolist(), b", "main() returns a list for W, which was (1, 7"),
    (A, "return run, W, b", "return W, b", "main() returns (1, 784), (1,); it should return the run,"),
    (B, "LEARNING_RATE = 0.8", "LEARNING_RATE = 0,8", "LEARNING_RATE is (0, 8); it must be a number"),
    (A, "EPOCHS = 10_000", "EPOCHS = 1e4", "EPOCHS is 10000.0; it must be a whole number"),
    (A, "if __name__ == \"__main__\":", "if True:", "it trains as soon as it is imported"),
    (A, "    Z = c", "    Z == = c", f"SyntaxError: invalid syntax ({A}.py, line"),
]


@pytest.mark.parametrize("name, old, new, words", WRONG)
def test_a_wrong_edit_is_explained(told, tmp_path, name, old, new, words):
    sentence = told(edited(ROOT / f"{name}.py", tmp_path / f"{name}.py", (old, new)))
    assert words in sentence


def test_a_byte_that_is_no_utf8_is_told(told, tmp_path):
    path = tmp_path / f"{A}.py"
    path.write_bytes((ROOT / path.name).read_bytes() + b"# caf\xe9\n")
    assert told(path).startswith("it is not saved as UTF-8, so Python cannot read it")


@pytest.mark.parametrize("name, other, words", [
    (A, B, "2 layers and 1 outputs; the exercise has 1 and 1"),
    (B, A, "1 layers and 1 outputs; the exercise has 2 and 1"),
    (B, C, "2 layers and 10 outputs; the exercise has 2 and 1"),
    (C, B, "2 layers and 1 outputs; the exercise has 2 and 10"),
])
def test_another_exercise_is_told(told, tmp_path, name, other, words):
    """As when a class hands in its scripts under wrong names."""
    path = edited(ROOT / f"{other}.py", tmp_path / f"{name}.py")
    assert f"{words}, {MEANT}" in told(path)


@pytest.mark.parametrize("name", [A, B, C])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_blank_function_is_named(told, tmp_path, name, n):
    """The last function blank, then the last two, and so on: the first that is blank is named."""
    path = edited(ROOT / f"{name}.py", tmp_path / f"{name}.py")
    blank(path, FUNCTIONS[-n:])
    assert told(path).startswith(f"{FUNCTIONS[-n]}() returns nothing yet; it should return ")


RELU = [("A1 = common.sigmoid(Z1)", "A1 = np.maximum(Z1, 0)"), (DZ1, "dA1 * (A1 > 0)")]
SOFTMAX = [("A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")]
THIRD_LAYER = [
    ("    return W1.", "    W3, b3 = np.eye(10, dtype=PRECISION), np.ones(1, PRECISION)\n"
     "    return W1."),
    ("W2.astype(PRECISION), b2", "W2.astype(PRECISION), b2, W3, b3"),
    ("    return A1, A2\n", "    A3 = common.sigmoid(A2 @ W3.T + b3)\n    return A1, A2, A3\n"),
    ("    dZ2 = (A2 - Y) / m ", "    dZ3 = (A3 - Y) / m\n    dW3, db3 = dZ3.T @ A2, dZ3.sum()\n"
     "    dZ2 = dZ3 @ W3 * A2 * (1 - A2) "),
    ("            b2 -= ", "            W3 -= LEARNING_RATE * dW3; b3 -= LEARNING_RATE * db3\n"
     "            b2 -= "),
    ("W1, b1, W2, b2", "W1, b1, W2, b2, W3, b3"), ("A2_test", "A3_test"),
    ("dW1, db1, dW2, db2", "dW1, db1, dW2, db2, dW3, db3"), ("A1, A2, W2)", "A1, A2, A3, W2, W3)"),
    ("A1, A2 =", "A1, A2, A3 ="), ("A1_test, A3_test =", "A1_test, A2_test, A3_test ="),
    ("(A2, Y_train)", "(A3, Y_train)"),
]
PLOT = [("    run.print_table()", "    import matplotlib.pyplot as plt\n    plt.plot(run.loss)\n"
         "    plt.savefig('own.png', dpi=100)\n    plt.show()\n    run.print_table()")]
DRAWING_IN_THE_LOOP = [(BACK, f"            forward_propagation(X_test[:5], W, b)\n{BACK}")]
GRADIENT_CHECK = [(BACK, "            W_near = W.copy()\n            W_near[0, 400] += 0.001\n"
                   f"            loss(forward_propagation(X_train, W_near, b), Y_train)\n{BACK}")]
WRITTEN_OUT = [(f"{BACK}ward_propagation(X_train, Y_train, A)\n", "            dZ = (A - Y_train) / len("
                "X_train)\n            dW = dZ.T @ X_train\n            db = dZ.sum(axis=0)\n")]
DECORATOR = [("def forward_propagation", "def logged(f):\n    def call(*a, **k):\n        return f(*a, "
              "**k)\n    return call\n\n\n@logged\ndef forward_propagation")]
EVEN = [("labels == DIGIT", "labels % 2 == 0"), ("DIGIT = 0 ", "# "), ("DIGIT=DIGIT, ", "")]


@pytest.mark.parametrize("name, edits", [
    (A, [("    Z = c", "    open('README.md').close()\n    Z = c")]),
    (A, [("import numpy as np\n", "from __future__ import annotations\nimport dataclasses\n\n"
          "import numpy as np\n\n\n@dataclasses.dataclass\nclass Settings:\n    units: int = 1\n")]),
    (A, PLOT), (A, DRAWING_IN_THE_LOOP), (A, GRADIENT_CHECK), (A, WRITTEN_OUT), (B, DECORATOR),
    (A, EVEN), (A, [("DIGIT", "TARGET"), ("TARGET=TARGET", "DIGIT=TARGET")]),
    (C, [("SEED = 138", "DIGIT = 3\nSEED = 138")]),
    (C, [("LEARNING_RATE = 0.8", "LEARNING_RATE = 20")]),
    (B, [("EPOCHS = 500", "EPOCHS: int = 500"), ("INIT_RANGE = 0.05", "INIT_RANGE = np.sqrt(0.0025)")]),
    (A, [("return run, W, b", "return run, W, b, A_test, labels_test")]),
    (C, [("return one_hot[labels]", "return one_hot[labels] == 1"),
         ("targets(labels_train) ", "targets(labels_train).astype(PRECISION) "),
         ("targets(labels_test) ", "targets(labels_test).astype(PRECISION) "),
         ("A_true = A[Y == 1] ", "A_true = np.exp((Y * np.log(A)).sum(axis=1)) ")]),
    (A, [("(labels == DIGIT).astype(PRECISION)", "(labels == DIGIT)")]),
    (B, [("(labels == DIGIT).astype(PRECISION)", "(labels == DIGIT).astype(np.uint8)")]),
    (B, RELU), (C, RELU + SOFTMAX), (C, THIRD_LAYER),
    (A, [("            W -= LEARNING_RATE * dW", "            W = W - dW * LEARNING_RATE")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 8"),
         ("common.load", "load"), ("import common\n", "import common\nfrom common import *\n")]),
    (A, [("import common\n", "import common\nnp.seterr(all='raise')\n")]),
    (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4"), ("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 1")]),
    (B, [("INIT_RANGE = 0.05", "INIT_RANGE = 0.0")]),
    (B, [("INIT_RANGE = 0.05", "INIT_RANGE = 2.0")]),
    (B, [("def initial_weights():", "def initial_weights(seed=SEED):"),
         ("RandomState(SEED)", "RandomState(seed)")]),
    (C, [("SHARED_BIAS = True", "SHARED_BIAS = False"), ("SEED = 138", "SEED = 7")]),
])
def test_a_right_edit_is_left_alone(told, tmp_path, name, edits):
    assert told(edited(ROOT / f"{name}.py", tmp_path / f"{name}.py", *edits)) is None
