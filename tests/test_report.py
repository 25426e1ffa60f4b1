"""Do the runs of the report give the report's numbers, to the last digit?"""
import exercises
import pytest
from test_scripts import finish, folder, set_constant, start, table

pytestmark = pytest.mark.report


def run(folder, name, epochs, precision="np.float32"):
    set_constant(folder, name, "PRECISION", precision)
    status, output, errors = finish(start(folder, name, "--epochs", str(epochs)))
    assert (status, errors) == (0, "")
    return table(output, name)


def test_a(folder):
    rows = run(folder, exercises.NAMES[0], 2520)
    for row in ("training loss after 500 epochs", "test loss after 500 epochs"):
        report, found = rows[row]
        assert abs(found - report) <= 3e-8, row
    assert 2370 <= rows["test loss starts to rise, epoch"][1] <= 2400


def test_a_in_double_precision(folder):
    rows = run(folder, exercises.NAMES[0], 500, "np.float64")
    for row in ("training loss after 500 epochs", "test loss after 500 epochs"):
        report, found = rows[row]
        assert abs(found - report) <= 1e-14, row


@pytest.mark.parametrize("name, decimals", [(exercises.NAMES[1], 5), (exercises.NAMES[2], 4)])
def test_b_and_c(folder, name, decimals):
    rows = run(folder, name, 499)
    report, found = rows["test accuracy in the 500th epoch"]
    assert round(found, 4) == report
    report, found = rows["test loss in the 500th epoch"]
    assert round(found, decimals) == report
