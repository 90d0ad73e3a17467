"""Pictures: Graphviz diagrams of graphs and kernels, and the HTML page of a program."""
