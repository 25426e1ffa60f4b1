"""Step by step, is the maths of each exercise right? The tests for a student, after an edit."""
import exercises
import pytest


@pytest.fixture(params=exercises.NAMES)
def module(request):
    return exercises.load(request.param)


@pytest.fixture
def images(mnist):
    """100 real images, in float64, so that numerical gradients are exact to many digits."""
    (X, labels), _ = mnist
    return X[:100].astype(float), labels[:100]


def test_forward_propagation(module, images):
    X, labels = images
    exercises.check_forward(module, X)


def test_gradients(module, images):
    X, labels = images
    exercises.check_gradients(module, X, exercises.targets(module, labels))


def test_one_update_lowers_the_loss(module, images):
    X, labels = images
    exercises.check_update(module, X, exercises.targets(module, labels))


EDITS = [  # in which exercise a student puts the first text for the second, and what is said
    ("lab2_skeleton", "(A - Y) / m", "(Y - A) / m",
     "lab2_skeleton: dW differs from the numerical gradient by 200 % (it is -1 times that): "
     "check the output layer's backward propagation"),
    ("lab2_3_skeleton", "(A2 - Y) / m", "A2 - Y",
     "lab2_3_skeleton: dW2 differs from the numerical gradient by 9900 % (it is 100 times that): "
     "check the output layer's backward propagation"),
    ("lab2_2_skeleton", "dA1 * A1 * (1 - A1)", "dA1 * A1",
     "lab2_2_skeleton: dW1 differs from the numerical gradient by 147 %: "
     "check the hidden layer's backward propagation"),
    ("lab2_2_skeleton", "return dW1, db1, dW2, db2", "return dW1, 0 * db1, dW2, db2",
     "lab2_2_skeleton: db1 differs from the numerical gradient by 100 % (it is 0 times that): "
     "check the hidden layer's backward propagation"),
    ("lab2_2_skeleton", "(X, W1, b1, \"", "(X, W1, 0 * b1, \"",
     "lab2_2_skeleton: A1 differs from the formula by 5.2 %: "
     "check the hidden layer in forward_propagation()"),
    ("lab2_3_skeleton", "(A1, W2, b2, \"", "(A1, W1, b2, \"",
     "lab2_3_skeleton: forward_propagation() stops with ValueError: "
     "output layer: W has shape (64, 784), but must have (10, 64)"),
    ("lab2_3_skeleton", "dZ2 @ W2", "dZ2 @ W2.T",
     "lab2_3_skeleton: backward_propagation() stops with ValueError: matmul"),
]


@pytest.mark.report  # of the checks themselves, on the scripts as they are here
@pytest.mark.parametrize("name, old, new, message", EDITS)
def test_a_wrong_edit_is_explained(images, name, old, new, message):
    X, labels = images
    module = exercises.load(name, old, new)
    Y = exercises.targets(module, labels)
    with pytest.raises(pytest.fail.Exception) as failure:
        exercises.check_forward(module, X)
        exercises.check_gradients(module, X, Y)
    assert message in str(failure.value)


@pytest.mark.report
def test_an_update_uphill_is_explained(images):
    X, labels = images
    module = exercises.load("lab2_skeleton", "(A - Y) / m", "(Y - A) / m")
    with pytest.raises(pytest.fail.Exception, match="lab2_skeleton: one update raises the loss"):
        exercises.check_update(module, X, exercises.targets(module, labels))
