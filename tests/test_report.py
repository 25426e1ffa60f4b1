"""Do the runs of the report give the report's numbers, to the last digit?"""
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import exercises
import pytest
from test_scripts import copy_to, finish, set_constant, start, table

pytestmark = pytest.mark.report
A, B, C = exercises.NAMES
RUNS = {(A, "float32"): 2500, (B, "float32"): 499, (C, "float32"): 499, (A, "float64"): 500}


@contextmanager
def begin(tmp_path_factory):
    """Begin the runs, two at a time, with low priority; yield the futures of their tables."""
    processes = []

    def run(name, precision):
        folder = copy_to(tmp_path_factory.mktemp(name))
        set_constant(folder, name, "PRECISION", f"np.{precision}")
        processes.append(start(folder, name, "--epochs", str(RUNS[name, precision]),
                               shell="renice -n 19 $$ >/dev/null;"))
        status, output, errors = finish(processes[-1])
        assert (status, errors) == (0, "")
        return table(output, name)

    with ThreadPoolExecutor(2) as pool:
        yield {key: pool.submit(run, *key) for key in RUNS}
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()  # where the tests stop early


@pytest.fixture
def runs(report_runs):
    return {key: future.result() for key, future in report_runs.items()}


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
