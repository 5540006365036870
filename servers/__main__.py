"""`python -m servers start | stop | fetch`: see docs/servers.md."""

import argparse
import shlex
import sys

from servers.errors import ServerTrouble
from servers.fetch import elastic_home, kafka_jars
from servers.programs import console, java_home, maven, postgres_programs, postgres_tls_programs
from servers.shared import start_set, stop_set


def start() -> None:
    """Start what is not there and write where all of it is, for a shell to take over."""
    for kind, address in start_set().items():
        sys.stdout.write(f"export {kind.variable}={shlex.quote(address)}\n")


def stop() -> None:
    """Stop what `start` started."""
    console.print("Stopped, and the data is gone." if stop_set() else "None were started.")


def fetch() -> None:
    """See that everything is here, so that tests begin at once."""
    maven()
    for need in (java_home, postgres_programs, postgres_tls_programs, kafka_jars, elastic_home):
        need()


COMMANDS = {"start": start, "stop": stop, "fetch": fetch}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m servers", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    try:
        COMMANDS[parser.parse_args().command]()
    except ServerTrouble as trouble:
        console.print(str(trouble), style="red", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
