"""What the way back needs of a loop: a stack of the values that cannot be had again.

The reverse of a loop runs its turns from the last to the first. The local derivatives of a turn are taken at
the values of that turn, which are overwritten by then. So the way forward pushes them on a stack, in each
turn, and the way back pops them. Not pushed is what a turn can have again for nothing: its number, integers
made of that, and entries of arrays where no later turn writes. Four loops:

    sums       a sum needs nothing
    products   x * w[i] needs both factors; but w[i] is read again
    sigmoids   the sigmoid needs its own result
    sweep      writes to an array: what is saved is one number, the sine, and not the array; its argument
               is still there

The third is printed with its reverse.
"""

import gradir as gr
import numpy as np
from scipy.special import expit

W = np.linspace(0.9, 1.1, 1_000)


def sums(x, w):
    for i in range(len(w)):
        x = x + w[i]
    return x


def products(x, w):
    for i in range(len(w)):
        x = x * w[i]
    return x


def sigmoids(x, w):
    for i in range(len(w)):
        x = expit(x) + w[i]
    return x


def sweep(x, w):
    w = w.copy()
    for i in range(1, len(w)):
        w[i] += x * np.sin(w[i - 1])
    return w.sum()


def saved(loop) -> list[str]:
    """Return what the loop pushes in each turn, with the lines that read it in reverse."""
    program = gr.grad(loop, argnums=(0, 1)).inspect(0.5, W)
    return [str(residual) for residual in program.residuals if residual.carrier.value == "stack"]


def main() -> None:
    print(gr.grad(sigmoids).inspect(0.5, W).adjoint)
    print("Saved in each turn:")
    for loop in (sums, products, sigmoids, sweep):
        print(f"  {loop.__name__}: {len(saved(loop)) or 'nothing'}")
        for text in saved(loop):
            print(f"      {text}")


if __name__ == "__main__":
    main()
