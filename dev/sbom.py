"""`make sbom`: what an installation holds, as a CycloneDX document that names no address and no machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
CYCLONEDX = REPOSITORY / ".venv-tools" / "bin" / "cyclonedx-py"


def without_addresses(node: Any) -> Any:
    """The document without `externalReferences`: where a package was fetched is the machine's affair."""
    if isinstance(node, dict):
        kept = {name: value for name, value in node.items() if name != "externalReferences"}
        return {name: without_addresses(value) for name, value in kept.items()}
    return [without_addresses(each) for each in node] if isinstance(node, list) else node


def main(environment: str, output: str) -> None:
    """Write the document.

    Args:
        environment: folder of the environment whose packages are told.
        output: file to write.
    """
    command = [
        *(str(CYCLONEDX), "environment", "--output-reproducible"),
        *("--pyproject", str(REPOSITORY / "pyproject.toml"), "--mc-type", "application", environment),
    ]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    document = without_addresses(json.loads(told.stdout))
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output}: {len(document['components'])} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
