/// Espalier for Swift programs: `import Espalier` gives everything that the C and Fortran interfaces give.
@_exported import Base
@_exported import Graphs
@_exported import KernelInterface
@_exported import Layers
@_exported import Machine
@_exported import Network
@_exported import Optimizers
@_exported import Pruning
@_exported import Sparse
@_exported import Topology
