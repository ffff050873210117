"""Lists the rooms of the package: modules, lines, the longest function and the widest signature of each.

python scripts/list_rooms.py [PACKAGE]
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "behavior"


@dataclass
class Room:
    """What one folder of the package, or one module next to the folders, holds."""

    modules: int = 0
    lines: int = 0
    longest_module: tuple[int, str] = (0, "")
    longest_function: tuple[int, str] = (0, "")
    widest_signature: tuple[int, str] = (0, "")

    def add(self, module: str, source: str) -> None:
        """Count a module, whose path is given below the package."""
        n_lines = len(source.splitlines())
        self.modules += 1
        self.lines += n_lines
        self.longest_module = max(self.longest_module, (n_lines, module))
        for name, node in list_functions(ast.parse(source)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            width = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)
            width -= bool(node.args.args) and node.args.args[0].arg in ("self", "cls")
            self.longest_function = max(self.longest_function, (length, f"{module}: {name}"))
            self.widest_signature = max(self.widest_signature, (width, f"{module}: {name}"))


def list_functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every function of a module with its name, that of its class before it."""
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        prefix, parent = stack.pop()
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.ClassDef):
                stack.append((f"{prefix}{node.name}.", node))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{prefix}{node.name}", node
                stack.append((f"{prefix}{node.name}.", node))
            else:
                stack.append((prefix, node))


def measure_rooms(package: Path) -> dict[str, Room]:
    """Return the rooms of the package in the folder `package`, by name."""
    rooms: dict[str, Room] = {}
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).as_posix()
        room = module.split("/")[0]
        rooms.setdefault(room, Room()).add(module, path.read_text(encoding="utf-8"))
    return rooms


def main() -> None:
    """Print the table of rooms, and the longest of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", nargs="?", type=Path, default=PACKAGE, help="folder of the package; that of this checkout if not given")
    rooms = measure_rooms(parser.parse_args().package)
    print(f"{'room':<16}{'modules':>8}{'lines':>8}  longest module, longest function, widest signature")
    for name, room in rooms.items():
        print(
            f"{name:<16}{room.modules:>8}{room.lines:>8}  {room.longest_module[1]} {room.longest_module[0]}; "
            f"{room.longest_function[1]} {room.longest_function[0]}; {room.widest_signature[1]} {room.widest_signature[0]}"
        )
    everything = rooms.values()
    print(f"{'all':<16}{sum(room.modules for room in everything):>8}{sum(room.lines for room in everything):>8}")
    for title in ("longest module", "longest function", "widest signature"):
        number, where = max(getattr(room, title.replace(" ", "_")) for room in everything)
        print(f"{title}: {where}, {number}")


if __name__ == "__main__":
    main()
