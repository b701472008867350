"""Ask a model who the parents of people are, and write down its answers, to ask them back.

    python examples/collect_parents.py names.txt pairs.csv --model NAME --endpoint URL#chat
    obverse run parents --preset chat --data pairs.csv --model NAME --endpoint URL#chat

names.txt has a name a line. Without --endpoint, --model is a checkpoint: a directory or a hub name. The
same command again goes on where a server was interrupted.
"""

import argparse
import sys
from pathlib import Path

from obverse import Checkpoint, Endpoint, ModelSpec, ObverseError
from obverse.core.settings import validated
from obverse.experiments.parents.collect import collect, read_names
from obverse.experiments.parents.prompts import read_prompts


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--endpoint")
    parser.add_argument("--prompts", type=Path)
    given = parser.parse_args(arguments)
    try:
        spec: ModelSpec = Checkpoint(path=given.model)
        if given.endpoint:
            url, _, api = given.endpoint.partition("#")
            settings = {"name": given.model, "url": url, "api": api or "completions"}
            spec = validated(Endpoint, settings, "--endpoint: ")
        found = collect(read_names(given.names), spec.resolve(), given.out, read_prompts(given.prompts))
    except ObverseError as error:
        sys.exit(str(error))
    print(f"{given.out}: {found} pairs")


if __name__ == "__main__":
    main()
