"""What the way back needs of the way forward.

Local derivatives are taken at the values of the forward run. Which of those must be kept depends on the
operation:

    a product x * w     needs its factors             (its local derivatives are w and x)
    a sum a + x         needs nothing                 (its local derivatives are 1)
    exp                 needs its own result          (it is its own derivative)
    sin                 needs its argument            (its derivative is the cosine of it)

These values are called residuals. They are why training takes more memory than prediction. `inspect` lists
them.
"""

import gradir as gr
import numpy as np


def f(x, w):
    a = x * w
    b = a + x
    c = np.exp(b)
    d = np.sin(c)
    return np.sum(d)


gradient = gr.grad(f, argnums=(0, 1))


def main() -> None:
    x, w = np.linspace(0.0, 1.0, 4), np.linspace(1.0, 2.0, 4)
    program = gradient.inspect(x, w)
    print(program.primal)
    print("The way back reads:")
    for residual in program.residuals:
        print(f"  {residual}")
    print("`b` is not among them: a sum needs nothing, and exp keeps its result instead.")


if __name__ == "__main__":
    main()
