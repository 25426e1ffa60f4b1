"""Do the runs of the report give the report's numbers, to the last digit?"""
import exercises
import pytest
from test_scripts import copy_to, finish, set_constant, start, table

pytestmark = pytest.mark.report
A, B, C = exercises.NAMES


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The tables of the report's runs by script and precision; together they take less time."""
    processes = {}
    for name, precision, epochs in ((A, "float32", 2520), (A, "float64", 500),
                                    (B, "float32", 499), (C, "float32", 499)):
        folder = copy_to(tmp_path_factory.mktemp(name))
        set_constant(folder, name, "PRECISION", f"np.{precision}")
        processes[name, precision] = start(folder, name, "--epochs", str(epochs))
    tables = {}
    for (name, precision), process in processes.items():
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
        tables[name, precision] = table(output, name)
    return tables


@pytest.mark.parametrize("precision, tolerance", [("float32", 3e-8), ("float64", 1e-14)])
def test_losses_of_a(runs, precision, tolerance):
    for row in ("training loss after 500 epochs", "test loss after 500 epochs"):
        report, found = runs[A, precision][row]
        assert abs(found - report) <= tolerance, row


def test_overfitting_of_a(runs):
    assert 2370 <= runs[A, "float32"]["test loss starts to rise, epoch"][1] <= 2400


@pytest.mark.parametrize("name, decimals", [(B, 5), (C, 4)])
def test_b_and_c(runs, name, decimals):
    for row, digits in (("test accuracy in the 500th epoch", 4),
                        ("test loss in the 500th epoch", decimals)):
        report, found = runs[name, "float32"][row]
        assert round(found, digits) == report, row
