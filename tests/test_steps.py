"""Step by step, is the maths of each exercise right? The tests for a student, after an edit."""
import exercises
import pytest


@pytest.fixture(params=exercises.NAMES)
def module(request, few):
    return exercises.load(request.param)


@pytest.fixture
def images(mnist):
    """100 real images, in float64, so that numerical gradients are exact to many digits."""
    (X, labels), _ = mnist
    return X[:100].astype(float), labels[:100]


def test_forward_propagation_is_the_reports(module, images):
    exercises.check_network(module, images[0])


def test_gradients(module, images):
    X, labels = images
    exercises.check_gradients(module, X, exercises.targets(module, labels))


def test_precision(module, images):
    X, labels = images
    exercises.check_precision(module, X, exercises.targets(module, labels))


def test_loop(module):
    exercises.check_loop(module)
