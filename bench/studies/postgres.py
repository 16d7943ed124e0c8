"""One study in PostgreSQL: three processes share it, one is killed, the study completes.

No timing: `python -m bench.studies.postgres [--trials 12]`. Needs Debian's package `postgresql`;
its Python driver goes into `build/psycopg2` once.
"""

import argparse
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from bench._machine import ROOT, describe
from bench.studies import RESULTS

NAME = "postgres"
DRIVER = ROOT / "build" / "psycopg2"
SERVERS = Path("/usr/lib/postgresql")
WORKER = """
import sys
from sklearn.datasets import load_digits
from skmedimg import OptunaSearch, ShallowMLP
X, y = load_digits(return_X_y=True)
model = ShallowMLP((16,), max_epochs=10, random_state=0)
spaces = {"learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], "hidden_units": [(8,), (16,), (32,)]}
search = OptunaSearch(model, spaces, storage=sys.argv[1], study="killed", cv=3, refit=False,
                      n_trials=int(sys.argv[2]), random_state=0)
search.fit(X[:600], y[:600])
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    install_driver()
    with server() as url:
        facts = share(url, options.trials)
    empty = {name: {} for name in ("seconds", "speedup", "limits", "absent")}
    work = "three processes share a study in PostgreSQL, one is killed in a trial"
    report = {"name": NAME, "work": work, "threads": 1, "quick": False, "repeats": 1}
    report |= {"facts": facts, **empty, **describe()}
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, sort_keys=True)
    (options.out / f"{NAME}.json").write_text(text + "\n", "utf-8")
    print(json.dumps(facts, indent=1))


def install_driver():
    if not DRIVER.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", DRIVER]
        subprocess.run([*pip, "psycopg2-binary"], check=True)
    sys.path.append(str(DRIVER))


@contextmanager
def server():
    """Start PostgreSQL on a socket of its own; it refuses to run as root."""
    programs = sorted(SERVERS.glob("*/bin"))
    if not programs:
        sys.exit(f"No PostgreSQL below {SERVERS}: apt-get install postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    os.chown(folder, user.pw_uid, user.pw_gid)

    def command(program, *arguments):
        subprocess.run(
            [programs[-1] / program, "-D", folder / "data", *arguments], check=True,
            stdout=subprocess.DEVNULL, user=user.pw_uid, group=user.pw_gid, cwd=folder,
        )  # fmt: skip

    command("initdb", "--auth=trust", "--username=bench")
    where = f"-c listen_addresses= -c unix_socket_directories={folder}"
    command("pg_ctl", "-w", "-l", folder / "log", "-o", where, "start")
    try:
        yield f"postgresql+psycopg2://bench@/postgres?host={folder}"
    finally:
        command("pg_ctl", "-m", "fast", "stop")
        shutil.rmtree(folder)


def share(url, trials):
    """Have three processes work; kill the first when it is in the middle of a trial."""
    import optuna

    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(DRIVER)])}
    command = [sys.executable, "-c", WORKER, url, str(trials)]
    begin = time.perf_counter()
    workers = [subprocess.Popen(command, env=environment) for _ in range(3)]
    lost = kill(workers[0], url)
    codes = [worker.wait() for worker in workers]
    found = optuna.load_study(study_name="killed", storage=url).get_trials(deepcopy=False)
    states = [trial.state.name for trial in found]
    done = [t for t in found if t.state.name in ("COMPLETE", "PRUNED")]
    return {
        "trials asked for": trials,
        "trials that ended by themselves": len(done),
        "trials lost with the process that was killed": states.count("FAIL"),
        "trial that was running when it was killed": lost,
        "parameters of the lost trial tried again": retried(found, lost),
        "exit codes (-9: killed)": codes,
        "met": len(done) == trials and "RUNNING" not in states and codes == [-9, 0, 0],
        "seconds": round(time.perf_counter() - begin, 1),
    }


def kill(worker, url):
    """Wait until the process is at work on a trial, kill it, and return the trial's number."""
    import optuna
    from optuna.exceptions import StorageInternalError

    while worker.poll() is None:
        time.sleep(0.05)
        try:
            study = optuna.load_study(study_name="killed", storage=url)
        except (KeyError, StorageInternalError):
            continue  # nobody has made it yet
        for trial in study.get_trials(deepcopy=False):
            owner = str(trial.user_attrs.get("owner", ""))
            if trial.state.name == "RUNNING" and str(worker.pid) in owner:
                os.kill(worker.pid, signal.SIGKILL)
                return trial.number
    raise RuntimeError("The first process ended before it could be killed: ask for more trials.")


def retried(trials, lost):
    again = [t for t in trials if t.number > lost and t.params == trials[lost].params]
    return bool(again)


if __name__ == "__main__":
    main()
