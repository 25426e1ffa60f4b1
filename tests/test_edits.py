"""Is every wrong edit of a student caught, and its place named? Are right ones left alone?"""
import exercises
import pytest

import common
import numpy as np

A, B, C = exercises.NAMES
pytestmark = pytest.mark.report  # of the checks themselves, on the scripts as they are here


def judge(module, X, labels):
    """All checks of test_steps.py, in its order."""
    Y = exercises.targets(module, labels)
    exercises.check_network(module, X)
    exercises.check_gradients(module, X, Y)
    exercises.check_precision(module, X, Y)
    exercises.check_loop(module)


@pytest.fixture
def images(mnist, few):
    (X, labels), _ = mnist
    return X[:100].astype(float), labels[:100]


WRONG = [  # in which exercise a student puts the second text for the first, and what is said
    # backward_propagation
    (A, "(A - Y) / m", "(Y - A) / m", "dW differs from the numerical gradient by 200 % (it is -1 "
     "times that): check the output layer in backward_propagation()"),
    (C, "(A2 - Y) / m", "A2 - Y", "dW2 differs from the numerical gradient by 9900 % (it is 100 times "
     "that): check the output layer in backward_propagation()"),
    (B, "(A2 - Y) / m", "(A2 + Y) / m", "dW2 differs from the numerical gradient by"),
    (B, "(A2 - Y) / m", "(A2 - Y) / m / 2", "(it is 0.5 times that)"),
    (B, "(A2 - Y) / m", "(A2 - Y) * A2 * (1 - A2) / m", "dW2 differs from the numerical gradient by"),
    (B, "dA1 * A1 * (1 - A1)", "dA1 * A1", "dW1 differs from the numerical gradient by 105 %: "
     "check hidden layer 1 in backward_propagation()"),
    (C, "dA1 * A1 * (1 - A1)", "dA1 * (1 - A1)", "dW1 differs"),
    (B, "dA1 * A1 * (1 - A1)", "dA1 * A1 * (1 + A1)", "dW1 differs"),
    (B, "dA1 * A1 * (1 - A1)", "-dA1 * A1 * (1 - A1)", "dW1 differs from the numerical gradient by "
     "200 % (it is -1 times that)"),
    (C, "dA1 * A1 * (1 - A1)", "dA1 * (1 - A1 ** 2)", "dW1 differs"),
    (B, "dA1 * A1 * (1 - A1)", "dA1", "dW1 differs"),
    (C, "dZ2 @ W2", "dZ2 @ W2.T", "backward_propagation() stops with ValueError: matmul"),
    (B, "linear_backward(dZ1, X,", "linear_backward(dZ1, A1,", "backward_propagation() returns dW1 as "
     "(64, 64), but should return dW1 (64, 784), db1 (1,), dW2 (1, 64), db2 (1,)"),
    (C, "linear_backward(dZ2, A1,", "linear_backward(A1, dZ2,", "returns dW2 as (64, 10), but should return "),
    (C, "common.linear_backward(dZ2, A1, SHARED_BIAS)", "A1.T @ dZ2, dZ2.sum(keepdims=True)",
     "returns dW2 as (64, 10), but should return "),
    (A, "common.linear_backward(dZ, X)", "dZ.T @ X, dZ.sum(axis=1)",
     "returns db as (100,), but should return "),
    (A, "common.linear_backward(dZ, X)", "dZ.T @ X, dZ.mean(axis=0)", "db differs from the numerical "
     "gradient by 99 % (it is 0.01 times that)"),
    (A, "return dW, db", "return db, dW", "returns dW as (1,), but should return "),
    (B, "return dW1, db1, dW2, db2", "return dW2, db2, dW1, db1", "returns dW1 as (1, 64)"),
    (B, "return dW1, db1, dW2, db2", "return dW1, db2, dW2, db1", "db2 differs from the numerical "
     "gradient by"),
    (B, "return dW1, db1, dW2, db2", "return dW1, 0 * db1, dW2, db2", "db1 differs from the numerical "
     "gradient by 100 % (it is 0 times that): check hidden layer 1"),
    (B, "return dW1, db1, dW2, db2", "return dW1, dW2", "returns 2 result(s), but should return "
     "dW1 (64, 784), db1 (1,), dW2 (1, 64), db2 (1,)"),
    (A, "return dW, db", "return list(dW[0]), db", "returns dW as list, but should return dW (1, 784), db (1,)"),
    (A, "return dW, db", "return dW * np.nan, db", "returns dW with nan or inf in it"),
    (A, "dZ = (A - Y) / m", "A -= Y; dZ = A / m", "backward_propagation() changes its argument A"),
    (C, "(A2 - Y) / m", "(A2 - Y).astype(np.float64) / m", "in float64, where float32 came in: that is "
     "slow, but not wrong"),
    # forward_propagation
    (B, "linear_forward(X, W1, b1)", "linear_forward(X, W1, 0 * b1)", "A1 differs from the report's "
     "formula by 1.8 %: check hidden layer 1 in forward_propagation()"),
    (C, "linear_forward(A1, W2, b2)", "linear_forward(A1, W1, b2)", "forward_propagation() stops with "
     "Mistake: W has shape (64, 784), not (64, 64)"),
    (A, "common.linear_forward(X, W, b)", "X @ W + b", "forward_propagation() stops with ValueError: "
     "matmul"),
    (A, "common.linear_forward(X, W, b)", "X @ W.T - b", "A differs from the report's formula by"),
    (A, "A = common.sigmoid(Z)", "A = common.sigmoid(-Z)", "A differs from the report's formula by"),
    (A, "A = common.sigmoid(Z)", "A = Z", "A differs from the report's formula by"),
    (C, "A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)",
     "A2 differs from the report's formula by"),
    (A, "return A", "return A.ravel()", "returns A as (100,), but should return "),
    (A, "return A", "return A.tolist()", "returns A as list, but should return "),
    (B, "return A1, A2", "return A2, A1", "returns A1 as (100, 1), but should return "),
    (B, "return A1, A2", "return A2", "returns 1 result(s), but should return A1 (100, 64), A2 (100, 1)"),
    (A, "return A", "print(a)", "forward_propagation() stops with NameError: name 'a' is not defined"),
    # main
    (B, "b1 -= settings.LEARNING_RATE", "b1 -= 0", "b1 after 1 update differs from b1 - LEARNING_RATE "
     "* db1 by 100 % (it is what it was before): check the update of b1 in main()"),
    (B, "        W2 -= settings.LEARNING_RATE * dW2\n", "", "(it is what it was before): check the "
     "update of W2 in main()"),
    (C, "W1 -= settings", "W1.copy()[:] -= settings", "(it is what it was before): check the update of "
     "W1 in main()"),
    (A, "W -= settings", "W += settings", "W after 1 update differs from W - LEARNING_RATE * dW by"),
    (C, "W2 -= settings.LEARNING_RATE * dW2", "W2 -= settings.LEARNING_RATE * dW2 / 2",
     "W2 after 1 update differs from W2 - LEARNING_RATE * dW2"),
    (A, "X_train, Y_train, A)", "X_train, Y_train[::-1], A)", "W after 1 update differs"),
    (A, "loss=common.binary_cross_entropy(A, Y_train)", "loss=common.binary_cross_entropy(A_test, Y_test)",
     "loss differs from that of the weights before each update"),
    (A, "test_accuracy=common.accuracy(A_test, Y_test)",
     "test_accuracy=common.accuracy(A, Y_train)", "test_accuracy differs"),
    (C, "A1, A2, W2)\n        W1", "A1, A2, W1)\n        W1",
     "main() stops with ValueError: matmul"),
]


@pytest.mark.parametrize("name, old, new, message", WRONG)
def test_a_wrong_edit_is_explained(images, name, old, new, message):
    module = exercises.load(name, exercises.edited(name, (old, new)))
    with pytest.raises(pytest.fail.Exception) as failure:
        judge(module, *images)
    assert message in str(failure.value) and name in str(failure.value)


def test_an_update_before_the_record_is_explained(images):
    source = exercises.edited(A)
    update = source[source.index("        dW, db = back"):source.index("    run.finish")]
    source = source.replace(update, "\n").replace("        run.record(", update.rstrip() + "\n"
                                                  "        A = forward_propagation(X_train, W, b)\n"
                                                  "        run.record(")
    with pytest.raises(pytest.fail.Exception, match="main\\(\\) calls forward_propagation\\(\\) 10 times "
                                                    "on the training set in 4 epochs, not 5 times"):
        judge(exercises.load(A, source), *images)
    source = source.replace("        A = forward_propagation(X_train, W, b)\n        run.record(",
                            "        run.record(")
    with pytest.raises(pytest.fail.Exception, match="main\\(\\) makes no update after the last record"):
        judge(exercises.load(A, source), *images)


@pytest.mark.parametrize("body", ["pass", "...", "raise NotImplementedError", ""])
@pytest.mark.parametrize("name", exercises.NAMES)
def test_a_blank_function_is_named(images, name, body):
    """Both blank: the forward tests say so; the forward part filled in: the backward ones do."""
    X, labels = images
    forward, backward = "forward_propagation", "backward_propagation"

    def said_by(check, *arguments):
        with pytest.raises(pytest.fail.Exception) as failure:
            check(module, *arguments)
        return str(failure.value)

    module = exercises.load(name, exercises.blanked(name, body, forward, backward))
    words = f"{name}: {exercises.returns_nothing(name, forward, 100)}"
    assert said_by(exercises.check_network, X) == words
    module = exercises.load(name, exercises.blanked(name, body, backward))
    exercises.check_network(module, X)
    words = f"{name}: {exercises.returns_nothing(name, backward, 100)}"
    for check in (exercises.check_gradients, exercises.check_precision):
        assert said_by(check, X, exercises.targets(module, labels)) == words
    assert said_by(exercises.check_loop) == words


PLAIN = [("common.linear_forward(X, W1, b1)", "X @ W1.T + b1"),
         ("common.linear_forward(A1, W2, b2)", "A1 @ W2.T + b2"),
         ("common.sigmoid(Z1)", "1 / (1 + np.exp(-Z1))"), ("common.sigmoid(Z2)", "1 / (1 + np.exp(-Z2))"),
         ("common.linear_backward(dZ2, A1, SHARED_BIAS)", "dZ2.T @ A1, dZ2.sum()"),
         ("common.linear_backward(dZ1, X, SHARED_BIAS)", "dZ1.T @ X, dZ1.sum()")]
RELU = [("A1 = common.sigmoid(Z1)", "A1 = np.maximum(Z1, 0)"), ("dA1 * A1 * (1 - A1)", "dA1 * (A1 > 0)")]
SOFTMAX = [("A2 = common.sigmoid(Z2)", "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")]
THIRD_LAYER = [
    ("X, W1, b1, W2, b2):", "X, W1, b1, W2, b2, W3, b3):"),
    ("    return A1, A2\n", "    Z3 = common.linear_forward(A2, W3, b3)\n    A3 = common.sigmoid(Z3)\n"
                            "    return A1, A2, A3\n"),
    ("X, Y, A1, A2, W2):", "X, Y, A1, A2, A3, W2, W3):"),
    ("    dZ2 = (A2 - Y) / m ", "    dZ3 = (A3 - Y) / m\n"
     "    dW3, db3 = common.linear_backward(dZ3, A2, SHARED_BIAS)\n"
     "    dA2 = dZ3 @ W3\n    dZ2 = dA2 * A2 * (1 - A2) "),
    ("return dW1, db1, dW2, db2", "return dW1, db1, dW2, db2, dW3, db3"),
    ("W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10,", "W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (32,"),
    ("    run = common.Run", "    W3 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10, 32)).astype(PRECISION)\n"
                             "    b3 = np.full(1, 0.002, PRECISION)\n    run = common.Run"),
    ("A1, A2 = forward_propagation(X_train, W1, b1, W2, b2)",
     "A1, A2, A3 = forward_propagation(X_train, W1, b1, W2, b2, W3, b3)"),
    ("A1_test, A2_test = forward_propagation(X_test, W1, b1, W2, b2)",
     "A1_test, A2_test, A3_test = forward_propagation(X_test, W1, b1, W2, b2, W3, b3)"),
    ("(A2, Y_train)", "(A3, Y_train)"), ("(A2_test, Y_test)", "(A3_test, Y_test)"),
    ("dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train, A1, A2, W2)",
     "dW1, db1, dW2, db2, dW3, db3 = backward_propagation(X_train, Y_train, A1, A2, A3, W2, W3)"),
    ("        b2 -= settings.LEARNING_RATE * db2\n",
     "        b2 -= settings.LEARNING_RATE * db2\n        W3 -= settings.LEARNING_RATE * dW3\n"
     "        b3 -= settings.LEARNING_RATE * db3\n"),
    ("draw_figures(run, A2_test", "draw_figures(run, A3_test"),
    ("return run, W1, b1, W2, b2\n", "return run, W1, b1, W2, b2, W3, b3\n"),
    ("    run, W1, b1, W2, b2 =", "    run, W1, b1, W2, b2, W3, b3 ="),
]

MINI_BATCHES = [
    ("            break\n", "            break\n        for start in range(0, len(X_train), 100):\n"
     "            X, Y = X_train[start:start + 100], Y_train[start:start + 100]\n"
     "            A1, A2 = forward_propagation(X, W1, b1, W2, b2)\n"),
    ("        dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train,",
     "            dW1, db1, dW2, db2 = backward_propagation(X, Y,"),
    *[(f"        {name} -= ", f"            {name} -= ") for name in ("W1", "b1", "W2", "b2")],
]
MOMENTUM = [("    run = common.Run", "    V1 = 0\n    run = common.Run"),
            ("        W1 -= settings.LEARNING_RATE * dW1",
             "        V1 = 0.9 * V1 + dW1\n        W1 -= settings.LEARNING_RATE * V1")]


@pytest.mark.parametrize("name, edits", [
    (B, PLAIN), (C, PLAIN), (B, [("HIDDEN_UNITS = 64", "HIDDEN_UNITS = 4")]),
    (B, [("DIGIT = 0", "DIGIT = 8")]), (B, [("LEARNING_RATE = 0.8", "LEARNING_RATE = 5")]),
    (B, [("SHARED_BIAS = True", "SHARED_BIAS = False")]),
    (C, [("SHARED_BIAS = True", "SHARED_BIAS = False")]),
    (C, [("PRECISION = np.float32", "PRECISION = np.float64")]),
    (C, [("INIT_RANGE = 0.05", "INIT_RANGE = 2.0")]), (B, [("INIT_RANGE = 0.05", "INIT_RANGE = 0.0")]),
    (A, [("PRECISION = np.float32", "PRECISION = np.float64"), ("DIGIT = 0", "DIGIT = 3")]),
    (B, [("A1, A2 = forward_propagation", "(A1,A2)=forward_propagation")]),
])
def test_a_right_edit_is_left_alone(images, name, edits):
    judge(exercises.load(name, exercises.edited(name, *edits)), *images)


@pytest.mark.parametrize("name, edits, words", [
    (B, RELU, "A1 differs from the report's formula by"),
    (C, RELU + SOFTMAX, "A1 differs from the report's formula by"),
    (C, SOFTMAX, "A2 differs from the report's formula by"),
    (C, THIRD_LAYER, None),
])
def test_another_network_is_judged_as_what_it_is(images, name, edits, words):
    """Only the test of the report's formulas speaks up; gradients, precision and loop are right."""
    X, labels = images
    module = exercises.load(name, exercises.edited(name, *edits))
    Y = exercises.targets(module, labels)
    if words:
        with pytest.raises(pytest.fail.Exception, match=words) as failure:
            exercises.check_network(module, X)
        assert "unless you meant another network than the report's" in str(failure.value)
    exercises.check_gradients(module, X, Y)
    exercises.check_precision(module, X, Y)
    exercises.check_loop(module)


@pytest.mark.parametrize("name, edits, words", [(C, MINI_BATCHES, "W1 after 1 update differs"),
                                                (B, MOMENTUM, "W1 after 2 updates differs")])
def test_another_update_is_named(images, name, edits, words):
    with pytest.raises(pytest.fail.Exception, match=words) as failure:
        judge(exercises.load(name, exercises.edited(name, *edits)), *images)
    assert "the update of W1 in main(), unless you meant it" in str(failure.value)


def test_a_wrong_gradient_of_another_network_is_explained(images):
    X, labels = images
    module = exercises.load(B, exercises.edited(B, RELU[0]))
    with pytest.raises(pytest.fail.Exception, match="dW1 differs from the numerical gradient by"):
        exercises.check_gradients(module, X, exercises.targets(module, labels))


def test_softmax_reports_its_own_loss(images):
    """With softmax in C, and the gradient as it is, the recorded loss is that of softmax."""
    X, labels = images
    module = exercises.load(C, exercises.edited(C, *SOFTMAX))
    run, *theta = module.main(["--epochs=1"])
    (X, labels), _ = common.load_mnist(np.float64)
    *_, A2 = exercises.load(C).forward_propagation(X, *theta)
    odds = A2 / (1 - A2)  # exp(Z2)
    softmax = odds / odds.sum(axis=1, keepdims=True)
    assert run.loss[1] == pytest.approx(-np.log(softmax[range(len(X)), labels]).mean(), rel=1e-5)
