"""A fork adds: a value that is used twice gets the sum of what comes back along both paths.

In f(x, y) = (x + y) * (x - y) both x and y go two ways: into the sum and into the difference. A small
change of x reaches f along both paths, so df/dx is the sum of the two products of local derivatives:

    along x + y:   d(x + y)/dx * (x - y) =  x - y
    along x - y:   d(x - y)/dx * (x + y) =  x + y
    df/dx = (x - y) + (x + y) = 2x

and for y, which enters the difference with a minus sign, df/dy = (x - y) - (x + y) = -2y.

gradir writes each such sum into the backward graph as a node of its own: an `add`, marked `sum`.
"""

import gradir as gr


def f(x, y):
    return (x + y) * (x - y)


gradient = gr.grad(f, argnums=(0, 1))


def sums(graph: gr.Graph) -> list[str]:
    """Return the lines of a printed graph that add up gradients at a fork."""
    return [line.strip() for line in str(graph).splitlines() if line.endswith("sum")]


def main() -> None:
    x, y = 3.0, 1.0
    print(f"f({x}, {y}) = {f(x, y)}")
    print(f"gradient: {gradient(x, y)}, by hand: {(2 * x, -2 * y)}\n")

    program = gradient.inspect(x, y)
    print("The function, as gradir traced it:\n")
    print(program.primal)
    # `strong_multiply` is a product in which a factor of exactly 0 wins, even over infinity.
    print("The same nodes, then the way back. It starts from df/df = 1:\n")
    print(program.adjoint)
    print("One sum for each of the two forks:\n")
    print("\n".join(sums(program.adjoint)))
    # In the picture a fork is a dot, and a sum has a border of the same colour.
    dot = program.diagram("adjoint", values=True)
    print(f"\nThe same as a picture, {len(dot.source)} characters of DOT text: program.diagram('adjoint')")


if __name__ == "__main__":
    main()
